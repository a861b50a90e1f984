// SPDX-License-Identifier: Apache-2.0
// The entities of a BrAPI document, one after another, without reading the whole into memory: a
// response {"metadata","result":{"data":[..]}}, one with a single entity as its result, a bare
// array, or one bare entity.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace sangam::node::ingest {

/// Finds where entities begin and end; what is inside one is from_json()'s to judge. `body` must
/// outlive it. Not thread-safe.
class BrapiElements {
public:
    /// An entity of more bytes than this is refused.
    static constexpr std::size_t max_element_bytes = 8 * 1024 * 1024;

    /// `name` is the file's, for errors.
    BrapiElements(std::string_view body, std::string name);

    struct Element {
        std::string_view text;
        std::size_t line = 0;  ///< where it begins; the first line of the file is 1
    };
    /// Nothing after the last one. An error ("bad_json", "element_too_large") names file and line,
    /// and every later call repeats it.
    [[nodiscard]] Result<std::optional<Element>> next();

    /// Bytes of the body that are behind, for progress.
    [[nodiscard]] std::size_t offset() const { return at_; }

private:
    enum class State { begins, in_array, ended };
    std::optional<Element> begin();
    std::optional<Element> next_in_array();
    std::optional<Element> object_as_element(std::size_t begin);
    void close_levels();
    void skip_space();
    bool take(char c);
    std::string_view take_key();
    void skip_string();
    void skip_value();
    Element element(std::size_t begin);
    void fail_here(std::string why);
    void count_lines_to(std::size_t offset);

    std::string_view body_;
    std::string name_;
    State state_ = State::begins;
    std::size_t at_ = 0;
    int open_objects_ = 0;  ///< around the array
    bool is_first_ = true;
    std::size_t line_ = 1;
    std::size_t counted_to_ = 0;
    std::optional<Error> problem_;
};

}  // namespace sangam::node::ingest
