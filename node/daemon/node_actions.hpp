// SPDX-License-Identifier: Apache-2.0
// Carries out the engine's actions in a running node (ActionSink, logic_thread.hpp).
#pragma once

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <optional>

#include "node/daemon/federation_membership.hpp"
#include "node/daemon/logic_thread.hpp"
#include "node/net/peer_manager.hpp"
#include "storage/store.hpp"
#include "sync/merger.hpp"

namespace sangam::node {

/// Searches are answered, and directory messages checked, on `workers`; the rest is quick.
class NodeActions final : public ActionSink {
public:
    struct Parts {
        net::PeerManager* peers = nullptr;
        FederationMembership* membership = nullptr;
        EngineRunner* engine = nullptr;
        storage::Store* store = nullptr;
        const sync::Merger* merger = nullptr;
        boost::asio::thread_pool* workers = nullptr;
    };
    /// Once, before the engine runs. The parts outlive its last action.
    void connect(const Parts& parts);

    void send(sync::ConnectionId connection, messages::Message message) override;
    void close(sync::ConnectionId connection, const messages::Abort& abort) override;
    void pass_directory_message(sync::PassDirectoryMessage message) override;
    void answer_search(sync::AnswerSearch search) override;
    void log(const sync::LogLine& line) override;

    /// Offers the directory to a peer whose session just opened.
    void offer_directory(sync::ConnectionId connection);

private:
    Parts parts_;
    /// Directory messages one after another: their order counts.
    std::optional<boost::asio::strand<boost::asio::thread_pool::executor_type>> directory_strand_;
};

}  // namespace sangam::node
