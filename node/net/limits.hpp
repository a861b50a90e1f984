// SPDX-License-Identifier: Apache-2.0
// Every bound on connections between nodes, with its reason. Frames and messages have theirs in
// protocol/messages/message.hpp.
#pragma once

#include <chrono>
#include <cstddef>

namespace sangam::node::net {

/// Name lookup and TCP connect: three SYNs on a bad link.
inline constexpr std::chrono::seconds connect_deadline{10};
/// The TLS handshake: four round trips on a satellite link, with room.
inline constexpr std::chrono::seconds handshake_deadline{10};
/// From the end of the handshake to the peer's first frame.
inline constexpr std::chrono::seconds hello_deadline{10};
/// Without a byte from the peer. Sessions ping far more often, so such a peer is gone.
inline constexpr std::chrono::seconds idle_deadline{90};
/// Without a byte taken by the peer while something waits to be sent.
inline constexpr std::chrono::seconds write_deadline{60};
/// For the closing message to reach the peer and the peer to hang up.
inline constexpr std::chrono::seconds closing_deadline{2};

/// How late a deadline may be noticed.
inline constexpr std::chrono::seconds watch_interval{3};

/// Waiting to be written to one peer. Sessions keep less than a few megabytes under way; only a
/// peer that stopped reading gets here.
inline constexpr std::size_t max_send_queue_bytes = 128 * 1024 * 1024;
/// Handed to the logic thread and not yet dealt with, of one connection: then its reading stops and
/// TCP holds the peer back. Two frames of the largest size fit.
inline constexpr std::size_t max_in_flight_bytes = 16 * 1024 * 1024;
inline constexpr std::size_t max_in_flight_messages = 64;
/// Small frames are written together up to this: a few TLS records.
inline constexpr std::size_t write_batch_bytes = 64 * 1024;
/// A body's memory grows by this as its bytes arrive, not by what its header claims.
inline constexpr std::size_t read_step_bytes = 256 * 1024;

/// Connections in all states: several for each member of a large federation.
inline constexpr std::size_t max_connections = 512;
/// Handshakes under way that others began: they cost a signature each before we know who asks.
inline constexpr std::size_t max_handshakes = 64;
/// Handshakes from one address: at most this many at once, refilled at the rate below. Many nodes
/// may share one address (a demo, a NAT), so it is generous.
inline constexpr double handshake_burst_per_address = 100;
inline constexpr double handshakes_per_second_per_address = 20;
/// Addresses whose handshakes are counted; the least recent is forgotten.
inline constexpr std::size_t max_counted_addresses = 4096;

}  // namespace sangam::node::net
