#include "emu/observe/saved_report.hpp"

#include "emu/observe/html_page.hpp"
#include "emu/observe/json_report.hpp"
#include "emu/observe/saved_json.hpp"
#include "emu/observe/sharing_figure.hpp"

namespace hartbeat::observe {

Json parse_report(const std::string& text) {
  Json report = Json::parse(text, nullptr, false);
  if (report.is_discarded() || !report.is_object() || !report.contains("schema") ||
      !report["schema"].is_number())
    throw NoSuchReport(
        "this is no report of hartbeat: expected JSON with a \"schema\" (hartbeat run --stats json:FILE)");
  if (report["schema"] != json_schema_version) {
    throw NoSuchReport("this report has schema " + report["schema"].dump() + ", this program reads schema " +
                       std::to_string(json_schema_version) + ": run the program again with this hartbeat");
  }
  return report;
}

std::string explain(const std::string& json, std::uint64_t number) try {
  const Json report = parse_report(json);
  const Json& faults = report.at("faults");
  for (const Json& fault : faults.at("list")) {
    if (fault.at("number") == number) return fault.at("explanation").get<std::string>();
  }
  const std::uint64_t count = faults.at("count").get<std::uint64_t>();
  if (number == 0 || number > count)
    throw NoSuchReport("there is no fault " + std::to_string(number) + ": the run had " +
                       std::to_string(count) + " page faults, numbered from 1");
  throw NoSuchReport("fault " + std::to_string(number) +
                     " is not among the faults that the report keeps one by one; "
                     "run again with --explain fault:" +
                     std::to_string(number));
} catch (const Json::exception& error) {
  throw NoSuchReport(std::string("the report is damaged: ") + error.what());
}

std::string sharing_figure(const std::string& json, std::uint64_t moment) try {
  const Json report = parse_report(json);
  const Json& moments = report.at("sharing").at("moments");
  if (moment == 0 || moment > moments.size()) {
    throw NoSuchReport("there is no moment " + std::to_string(moment) + ": the report has " +
                       std::to_string(moments.size()) + ", numbered from 1");
  }
  return draw_sharing(moments[moment - 1]);
} catch (const Json::exception& error) {
  throw NoSuchReport(std::string("the report is damaged: ") + error.what());
}

std::string to_html(const std::string& json) try {
  const HtmlPage page = html_page();
  if (page.head.empty()) {
    throw NoSuchReport(
        "this hartbeat was built without the HTML report: install npm, then build again (./dev build does "
        "both)");
  }
  const Json report = parse_report(json);
  Json figures = Json::array();
  if (report.contains("sharing")) {
    for (const Json& moment : report["sharing"].at("moments")) figures.push_back(draw_sharing(moment));
  }
  // In a script element nothing but "</" and "<!--" must be avoided.
  const auto embedded = [](const Json& value) {
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; at += 6)
      text.replace(at, 1, "\\u003c");
    return text;
  };
  return std::string(page.head) + "<script type=\"application/json\" id=\"report\">" + embedded(report) +
         "</script>\n<script type=\"application/json\" id=\"figures\">" + embedded(figures) + "</script>\n" +
         std::string(page.tail);
} catch (const Json::exception& error) {
  throw NoSuchReport(std::string("the report is damaged: ") + error.what());
}

}  // namespace hartbeat::observe
