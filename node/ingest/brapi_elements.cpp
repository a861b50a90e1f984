// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/brapi_elements.hpp"

#include <algorithm>

namespace sangam::node::ingest {
namespace {

/// Far beyond what BrAPI nests; deeper is refused here before anything recurses into it.
constexpr int max_depth = 64;

}  // namespace

BrapiElements::BrapiElements(std::string_view body, std::string name)
    : body_(body), name_(std::move(name)) {}

Result<std::optional<BrapiElements::Element>> BrapiElements::next() {
    std::optional<Element> out;
    if (state_ == State::begins)
        out = begin();
    else if (state_ == State::in_array)
        out = next_in_array();
    if (!problem_ && out && out->text.size() > max_element_bytes)
        problem_ =
            Error{ErrorKind::failed, "element_too_large", "an entity is larger than 8 MiB",
                  name_ + ", line " + std::to_string(out->line), "a record holds at most 4 MiB"};
    if (problem_) return std::unexpected(*problem_);
    return out;
}

std::optional<BrapiElements::Element> BrapiElements::begin() {
    skip_space();
    if (take('[')) {
        state_ = State::in_array;
        return next_in_array();
    }
    const std::size_t whole = at_;
    if (!take('{')) {
        fail_here("a BrAPI document is an object or an array");
        return std::nullopt;
    }
    open_objects_ = 1;
    if (take('}')) return object_as_element(whole);
    do {
        const auto key = take_key();
        skip_space();
        const std::size_t value = at_;
        if (problem_) return std::nullopt;
        if (key != "result" || !take('{')) {
            skip_value();
            continue;
        }
        open_objects_ = 2;
        if (take('}')) return object_as_element(value);
        do {
            const auto inner = take_key();
            skip_space();
            if (problem_) return std::nullopt;
            if (inner == "data" && take('[')) {
                state_ = State::in_array;
                return next_in_array();
            }
            skip_value();
        } while (!problem_ && take(','));
        if (!problem_ && !take('}')) fail_here("an object is not closed");
        if (problem_) return std::nullopt;
        return object_as_element(value);
    } while (!problem_ && take(','));
    if (!problem_ && !take('}')) fail_here("an object is not closed");
    if (problem_) return std::nullopt;
    return object_as_element(whole);
}

/// at_ stands behind the object, of which the outermost is open_objects_ - 1 levels around.
std::optional<BrapiElements::Element> BrapiElements::object_as_element(std::size_t begin) {
    const Element out = element(begin);
    --open_objects_;
    close_levels();
    state_ = State::ended;
    return out;
}

std::optional<BrapiElements::Element> BrapiElements::next_in_array() {
    skip_space();
    if (take(']')) {
        close_levels();
        state_ = State::ended;
        return std::nullopt;
    }
    if (!is_first_ && !take(',')) {
        fail_here("a comma or ] is missing after an entity");
        return std::nullopt;
    }
    is_first_ = false;
    skip_space();
    const std::size_t begin = at_;
    skip_value();
    if (problem_) return std::nullopt;
    return element(begin);
}

/// What follows the entities: further keys of the objects around them, then nothing.
void BrapiElements::close_levels() {
    for (; open_objects_ > 0 && !problem_; --open_objects_) {
        while (!problem_ && take(',')) {
            static_cast<void>(take_key());
            skip_value();
        }
        if (!problem_ && !take('}')) fail_here("an object is not closed");
    }
    skip_space();
    if (!problem_ && at_ < body_.size()) fail_here("text after the end of the document");
}

void BrapiElements::skip_space() {
    while (at_ < body_.size() && std::string_view(" \t\r\n").find(body_[at_]) != body_.npos) ++at_;
}

bool BrapiElements::take(char c) {
    skip_space();
    if (at_ >= body_.size() || body_[at_] != c) return false;
    ++at_;
    return true;
}

std::string_view BrapiElements::take_key() {
    skip_space();
    const std::size_t begin = at_ + 1;
    if (at_ >= body_.size() || body_[at_] != '"') {
        fail_here("a key in quotes is missing");
        return {};
    }
    skip_string();
    if (problem_) return {};
    const auto key = body_.substr(begin, at_ - 1 - begin);
    if (!take(':')) fail_here("a : is missing after a key");
    return key;
}

void BrapiElements::skip_string() {
    for (++at_; at_ < body_.size(); ++at_) {
        if (body_[at_] == '\\') {
            ++at_;
        } else if (body_[at_] == '"') {
            ++at_;
            return;
        }
    }
    at_ = body_.size();
    fail_here("the document ends inside a text");
}

void BrapiElements::skip_value() {
    skip_space();
    int depth = 0;
    const std::size_t begin = at_;
    while (at_ < body_.size()) {
        const char c = body_[at_];
        if (c == '"') {
            skip_string();
            if (problem_) return;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth)
                return fail_here("nested deeper than " + std::to_string(max_depth));
            ++at_;
        } else if (c == '}' || c == ']') {
            if (depth == 0) break;
            --depth;
            ++at_;
            if (depth == 0) return;
            continue;
        } else if (c == ',' && depth == 0) {
            break;
        } else {
            ++at_;
        }
        if (depth == 0 && c == '"') return;
    }
    if (depth > 0) return fail_here("the document ends inside an entity");
    if (at_ == begin) fail_here("a value is missing");
}

BrapiElements::Element BrapiElements::element(std::size_t begin) {
    count_lines_to(begin);
    auto text = body_.substr(begin, at_ - begin);
    while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos)
        text.remove_suffix(1);
    return {text, line_};
}

void BrapiElements::count_lines_to(std::size_t offset) {
    line_ += static_cast<std::size_t>(
        std::count(body_.begin() + static_cast<std::ptrdiff_t>(counted_to_),
                   body_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    counted_to_ = offset;
}

void BrapiElements::fail_here(std::string why) {
    if (problem_) return;
    count_lines_to(std::max(counted_to_, std::min(at_, body_.size())));
    problem_ = Error{ErrorKind::failed, "bad_json", "the file is no BrAPI document: " + why,
                     name_ + ", line " + std::to_string(line_),
                     "check that the file is whole; nothing was written"};
}

}  // namespace sangam::node::ingest
