// SPDX-License-Identifier: Apache-2.0
// Error and Result: what went wrong in words for an operator, and the kind that decides the exit
// code (COMMANDS: 1 failed, 2 usage, 3 not found, 4 refused, 5 unreachable, 6 incomplete).
// For bad input and bad peers only; failures of our own resources are exceptions.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sangam {

/// The class of a failure; the command line exits with the number.
enum class ErrorKind {
    failed = 1,       ///< it was tried and did not work
    usage = 2,        ///< what was asked for makes no sense as written
    not_found = 3,    ///< it does not exist, or the asker may not know that it does
    refused = 4,      ///< understood, and not allowed
    unreachable = 5,  ///< whoever should answer is not running or cannot be reached
    incomplete = 6,   ///< answered in part where the whole was asked for
};

/// One failure. `code` is a stable lower_case slug for programs ("bad_cbor"); `message` says what
/// happened; `subject` to what (a file and line, a record, a peer); `fix` what to do about it, and
/// may be empty where nothing can be said.
struct Error {
    ErrorKind kind = ErrorKind::failed;
    std::string code;
    std::string message;
    std::string subject;
    std::string fix;

    /// "message: subject; fix" for a log line or a terminal.
    [[nodiscard]] std::string text() const {
        std::string out = message;
        if (!subject.empty()) out += ": " + subject;
        if (!fix.empty()) out += "; " + fix;
        return out;
    }
};

/// A value, or why there is none. The caller must look.
template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for `return fail("bad_cbor", "...", subject, fix)`.
[[nodiscard]] inline std::unexpected<Error> fail(std::string_view code, std::string message,
                                                 std::string subject = {}, std::string fix = {},
                                                 ErrorKind kind = ErrorKind::failed) {
    return std::unexpected(
        Error{kind, std::string(code), std::move(message), std::move(subject), std::move(fix)});
}

/// Checked in every build, for broken invariants of our own code, never for input.
[[noreturn]] void invariant_failed(const char* expression, const char* file, int line);

}  // namespace sangam

/// States an invariant; the process stops with the place when it does not hold.
#define SANGAM_ASSERT(expression)        \
    ((expression) ? static_cast<void>(0) \
                  : ::sangam::invariant_failed(#expression, __FILE__, __LINE__))
