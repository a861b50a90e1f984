// SPDX-License-Identifier: Apache-2.0
// What the engine wants done. node carries them out in order; tests and the simulator look at them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "protocol/messages/message.hpp"
#include "sync/asker.hpp"
#include "sync/source_contacts.hpp"

namespace sangam::sync {

/// Names one connection between two nodes, for as long as the process runs; given by node.
enum class ConnectionId : std::uint64_t {};
/// Names a search that this node runs for somebody.
enum class SearchId : std::uint64_t {};

/// Put the message in the connection's queue.
struct Send {
    ConnectionId connection{};
    messages::Message message;
};
/// Send the abort if it can still be sent, then close. No further action names the connection.
struct Close {
    ConnectionId connection{};
    messages::Abort abort;
};
/// A directory message of a peer for the registry's client; answers go out by node itself.
struct PassDirectoryMessage {
    ConnectionId connection{};
    NodeId peer;
    std::variant<messages::DirectoryOffer, messages::DirectoryRequest, messages::DirectoryUpdate>
        message;
};
/// Run answer_search() (search_answer.hpp) on a worker and hand its parts to
/// Engine::search_answered(). `query` is the engine's own name for it.
struct AnswerSearch {
    std::uint64_t query = 0;
    messages::SearchRequest request;
    Asker asker;
    InstitutionId home;         ///< this node's institution
    SourceContactMap contacts;  ///< of all that is held for others
};
/// The search ended, whole or at its deadline; the outcome is in Engine::take_outcome().
struct SearchFinished {
    SearchId search{};
};
/// A line for the log. `peer` may be zero.
struct LogLine {
    enum class Level : std::uint8_t { debug, info, warning, error };
    Level level = Level::info;
    NodeId peer;
    std::string text;
};

using Action =
    std::variant<Send, Close, PassDirectoryMessage, AnswerSearch, SearchFinished, LogLine>;

}  // namespace sangam::sync
