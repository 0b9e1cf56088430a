// A mistake of the user (a wrong file, option or configuration), as one sentence for the user.
#pragma once

#include <stdexcept>
#include <string>

namespace hartbeat {

// The message says what was found, what was expected and what to do. The program prints it and exits with
// status 2.
class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& message) : std::runtime_error(message) {}
  static constexpr int exit_status = 2;
};

}  // namespace hartbeat
