// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/node_actions.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>

#include "node/daemon/daemon_process.hpp"
#include "sync/search_answer.hpp"

namespace sangam::node {

void NodeActions::connect(const Parts& parts) {
    parts_ = parts;
    directory_strand_.emplace(boost::asio::make_strand(*parts.workers));
}

void NodeActions::send(sync::ConnectionId connection, messages::Message message) {
    parts_.peers->send(connection, std::move(message));
}

void NodeActions::close(sync::ConnectionId connection, const messages::Abort& abort) {
    parts_.peers->close(connection, abort);
}

void NodeActions::pass_directory_message(sync::PassDirectoryMessage message) {
    auto held = std::make_shared<sync::PassDirectoryMessage>(std::move(message));
    boost::asio::post(*directory_strand_, [this, held] { parts_.membership->peer_message(*held); });
}

void NodeActions::offer_directory(sync::ConnectionId connection) {
    boost::asio::post(*directory_strand_,
                      [this, connection] { parts_.membership->peer_connected(connection); });
}

void NodeActions::answer_search(sync::AnswerSearch search) {
    auto held = std::make_shared<sync::AnswerSearch>(std::move(search));
    boost::asio::post(*parts_.workers, [this, held] {
        sync::SearchAnswer answer;
        try {
            const auto reader = parts_.store->reader();
            const auto directory = parts_.membership->snapshot();
            answer = sync::answer_search(*reader, *directory, *parts_.merger, *held, system_now());
        } catch (const std::exception& error) {
            spdlog::error("cannot answer a search: {}", error.what());
            answer.parts.clear();
            answer.reason = "the node failed; its log says why";
        }
        auto shared = std::make_shared<sync::SearchAnswer>(std::move(answer));
        parts_.engine->post([query = held->query, shared](sync::Engine& engine, Millis now) {
            engine.search_answered(query, std::move(shared->parts), std::move(shared->reason), now);
        });
    });
}

void NodeActions::log(const sync::LogLine& line) {
    using Level = sync::LogLine::Level;
    const auto level = line.level == Level::error     ? spdlog::level::err
                       : line.level == Level::warning ? spdlog::level::warn
                       : line.level == Level::info    ? spdlog::level::info
                                                      : spdlog::level::debug;
    if (line.peer.is_zero())
        spdlog::log(level, "{}", line.text);
    else
        spdlog::log(level, "peer {}: {}", line.peer.hex().substr(0, 16), line.text);
}

}  // namespace sangam::node
