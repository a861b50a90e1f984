// SPDX-License-Identifier: Apache-2.0
// Where the engine's parts put their actions, in order.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sync/actions.hpp"

namespace sangam::sync {

class Outbox {
public:
    void send(ConnectionId connection, messages::Message message) {
        actions_.push_back(Send{connection, std::move(message)});
    }
    void add(sync::Action action) { actions_.push_back(std::move(action)); }
    void debug(const NodeId& peer, std::string text) { log(LogLine::Level::debug, peer, text); }
    void info(const NodeId& peer, std::string text) { log(LogLine::Level::info, peer, text); }
    void warning(const NodeId& peer, std::string text) { log(LogLine::Level::warning, peer, text); }
    void error(const NodeId& peer, std::string text) { log(LogLine::Level::error, peer, text); }
    [[nodiscard]] std::vector<sync::Action> take() { return std::exchange(actions_, {}); }

private:
    void log(LogLine::Level level, const NodeId& peer, std::string& text) {
        actions_.push_back(LogLine{level, peer, std::move(text)});
    }
    std::vector<sync::Action> actions_;
};

}  // namespace sangam::sync
