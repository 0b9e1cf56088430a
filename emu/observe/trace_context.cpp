#include "emu/observe/trace_context.hpp"

#include <nlohmann/json.hpp>

#include "emu/machine/isa_string.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat::observe {

isa::ExtensionSet TraceContext::extensions() const {
  HartConfig config;
  apply_isa_string(isa, "the recording's ISA string", config);
  return config.extensions;
}

std::string to_json(const TraceContext& context) {
  const nlohmann::ordered_json json = {
      {"program", context.program},
      {"arguments", context.arguments},
      {"machine", context.machine},
      {"overrides", context.overrides},
      {"isa", context.isa},
      {"timing", context.timing},
      {"memory_bytes", context.memory_bytes},
      {"harts", context.harts},
  };
  return json.dump();
}

TraceContext context_from_json(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    TraceContext context;
    json.at("program").get_to(context.program);
    json.at("arguments").get_to(context.arguments);
    json.at("machine").get_to(context.machine);
    json.at("overrides").get_to(context.overrides);
    json.at("isa").get_to(context.isa);
    json.at("timing").get_to(context.timing);
    json.at("memory_bytes").get_to(context.memory_bytes);
    json.at("harts").get_to(context.harts);
    if (context.harts < 1 || context.harts > 64)
      throw UserError("it speaks of " + std::to_string(context.harts) + " harts");
    return context;
  } catch (const nlohmann::json::exception&) {
    throw UserError("what it says about its run cannot be read");
  }
}

}  // namespace hartbeat::observe
