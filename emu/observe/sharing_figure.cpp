#include "emu/observe/sharing_figure.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <vector>

#include "emu/observe/text_table.hpp"

namespace hartbeat::observe {
namespace {

constexpr int width = 760, row = 30, gap = 22, top = 58, box = 190, frame_box = 150;
constexpr int left_x = 10, right_x = width - box - 10, frame_x = (width - frame_box) / 2;

// Colours follow the reader's theme: the page around a figure, or else the system.
constexpr const char* style =
    "<style>.hb{color-scheme:light dark;--ink:light-dark(#1b1f24,#e6e8eb);--paper:light-dark(#fff,#15181c);"
    "--line:light-dark(#57606a,#9aa4ae);--hot:light-dark(#b3400f,#ffa66b);--own:light-dark(#0b5cad,#7cc0ff)}"
    ".hb text{font:13px system-ui,sans-serif;fill:var(--ink)}.hb .b{fill:var(--paper);stroke:var(--line)}"
    ".hb .n{font-weight:600}.hb .m{font-family:ui-monospace,monospace;font-size:12px}.hb "
    ".hot{stroke:var(--hot);stroke-width:2.5}"
    ".hb .e{fill:none;stroke:var(--line);stroke-width:1.5;stroke-dasharray:5 4}"
    ".hb .w{stroke:var(--own);stroke-dasharray:none;stroke-width:2}</style>";

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string label(int x, int y, const std::string& kind, const std::string& text) {
  return "<text class=\"" + kind + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\">" +
         escaped(text) + "</text>";
}

std::string rectangle(int x, int y, int w, bool hot) {
  return "<rect class=\"b" + std::string(hot ? " hot" : "") + "\" x=\"" + std::to_string(x) + "\" y=\"" +
         std::to_string(y) + "\" width=\"" + std::to_string(w) + "\" height=\"" + std::to_string(row - 4) +
         "\" rx=\"4\"/>";
}

struct Edge {
  bool from_left = false, writable = false, hot = false;
  int y = 0;
  std::uint64_t frame = 0;
};

// A side's processes with their pages, from `y` down; returns where it ended.
int draw_side(const std::vector<const Json*>& processes, std::uint64_t written, bool left, std::string& svg,
              std::vector<Edge>& edges) {
  int y = top;
  const int x = left ? left_x : right_x;
  for (const Json* process : processes) {
    svg += label(x, y, "n",
                 "process " + process->at("pid").dump() + "  " + process->at("name").get<std::string>());
    y += 10;
    for (const Json& page : process->at("pages")) {
      const std::uint64_t address = page.at("page").get<std::uint64_t>();
      const bool writable = page.at("writable").get<bool>(), hot = address == written;
      svg += rectangle(x, y, box, hot) + label(x + 10, y + 18, "m", hex(address)) +
             label(x + box - 30, y + 18, "m", writable ? "rw" : "r-");
      edges.push_back({left, writable, hot, y + (row - 4) / 2, page.at("frame").get<std::uint64_t>()});
      y += row;
    }
    y += gap;
  }
  return y;
}

std::string draw_edge(const Edge& edge, int frame_y) {
  const int from = edge.from_left ? left_x + box : right_x,
            to = edge.from_left ? frame_x : frame_x + frame_box;
  const int middle = (from + to) / 2;
  const auto at = [](int x, int y) { return std::to_string(x) + " " + std::to_string(y); };
  return "<path class=\"e" + std::string(edge.writable ? " w" : "") + (edge.hot ? " hot" : "") + "\" d=\"M" +
         at(from, edge.y) + " C" + at(middle, edge.y) + " " + at(middle, frame_y) + " " + at(to, frame_y) +
         "\"/>";
}

}  // namespace

std::string draw_sharing(const Json& moment) {
  const std::uint64_t written = moment.at("page").get<std::uint64_t>();
  std::vector<const Json*> sides[2];  // the writer on the left, its relatives on the right
  for (const Json& process : moment.at("processes")) {
    sides[process.at("pid") == moment.at("pid") ? 0 : 1].push_back(&process);
  }
  std::string boxes;
  std::vector<Edge> edges;
  int bottom = draw_side(sides[0], written, true, boxes, edges);
  bottom = std::max(bottom, draw_side(sides[1], written, false, boxes, edges));
  std::map<std::uint64_t, int> users;
  std::vector<std::uint64_t> frames;  // in the order in which pages first name them
  for (const Edge& edge : edges) {
    if (users[edge.frame]++ == 0) frames.push_back(edge.frame);
  }
  std::map<std::uint64_t, int> frame_y;
  int y = top + 10;
  for (const std::uint64_t frame : frames) {
    const bool hot =
        std::any_of(edges.begin(), edges.end(), [&](const Edge& e) { return e.hot && e.frame == frame; });
    boxes += rectangle(frame_x, y, frame_box, hot) + label(frame_x + 10, y + 18, "m", hex(frame)) +
             label(frame_x + frame_box - 34, y + 18, "m", "×" + std::to_string(users[frame]));
    frame_y[frame] = y + (row - 4) / 2;
    y += row;
  }
  bottom = std::max(bottom, y);
  std::string lines;
  for (const Edge& edge : edges) lines += draw_edge(edge, frame_y[edge.frame]);
  const std::string title = "Cycle " + grouped(moment.at("cycle").get<std::uint64_t>()) + ": " +
                            moment.at("what").get<std::string>();
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"hb\" role=\"img\" viewBox=\"0 0 " +
         std::to_string(width) + " " + std::to_string(bottom) + "\"><title>" + escaped(title) + "</title>" +
         style + label(left_x, 24, "n", title) + label(frame_x, top, "n", "frames, × their users") + lines +
         boxes + "</svg>\n";
}

}  // namespace hartbeat::observe
