// SPDX-License-Identifier: Apache-2.0
// Every bound of the sync engine on queues, windows, counts and waiting, each with its reason.
#pragma once

#include <cstddef>

#include "protocol/hlc.hpp"

namespace sangam::sync::limits {

// ---- connections -------------------------------------------------------------------------------
/// A peer is pinged when nothing was heard of it for so long: notices a dead link well before
/// people do, at 16 bytes a time.
inline constexpr Millis ping_every{10'000};
/// Silence after which a connection is given up: three pings.
inline constexpr Millis silence_limit{30'000};
/// A connection that another one challenges must answer within this.
inline constexpr Millis challenged_limit{5'000};
/// TLS has succeeded, so hello is one flight away.
inline constexpr Millis hello_limit{10'000};
/// A hello names the control chains of one institution's datasets.
inline constexpr std::size_t max_hello_control = 100'000;
/// The engine hears the time at least every second. When it goes back by more than the first, or
/// on by more than the second, the machine's clock was set, or it slept.
inline constexpr Millis clock_step_back{2'000};
inline constexpr Millis clock_step_on{30'000};
/// Clocks further apart than this are worth telling the admin.
inline constexpr Millis clock_tolerance{60'000};

// ---- control -----------------------------------------------------------------------------------
/// A ControlUpdate stays far under a frame.
inline constexpr std::size_t control_bytes = 1024 * 1024;
/// Updates kept until the directory names their author.
inline constexpr std::size_t max_waiting_control = 16;
inline constexpr std::size_t max_waiting_control_bytes = 16 * 1024 * 1024;
/// A peer that says it holds entries which the owner forgot must show them within this; nothing of
/// the dataset is shared meanwhile, and not longer, since a member may lie.
inline constexpr Millis forgotten_patience{600'000};
/// Descriptions of one institution's datasets that others keep.
inline constexpr std::size_t max_datasets_of_one_owner = 10'000;
/// A dataset's summary is sent again no sooner than this.
inline constexpr Millis summary_every{5'000};

// ---- subscriptions -----------------------------------------------------------------------------
/// Changes in one delivery; with single changes of up to 4 MiB a frame of 8 MiB is never exceeded.
inline constexpr std::size_t delivery_bytes = 1024 * 1024;
/// Arrivals looked at for one delivery: keeps one step of the logic thread short.
inline constexpr std::size_t delivery_arrivals = 1024;
/// Withdrawals in one delivery; keys are at most 2 KiB.
inline constexpr std::size_t delivery_withdrawals = 1000;
/// Deliveries under way: fills a long link, bounds what a receiver must hold.
inline constexpr std::size_t window_deliveries = 8;
inline constexpr std::size_t window_bytes = 8 * 1024 * 1024;
/// One for each dataset of ours at most, and not without end.
inline constexpr std::size_t max_subscriptions_per_peer = 1000;
/// Ledger rows looked at in one step when a subscription resumes.
inline constexpr std::size_t settle_rows = 500;
/// Another node of the owner means a full copy: worth waiting for the usual one.
inline constexpr Millis source_patience{30'000};
/// How often a quiet subscription's last contact is written down.
inline constexpr Millis heard_every{60'000};

/// What was withdrawn is wiped from the files when nothing more was withdrawn for so long, and at
/// the latest after the second: once for a stream of withdrawals, since it rewrites the text index.
inline constexpr Millis clear_after{10'000};
inline constexpr Millis clear_at_latest{60'000};

// ---- writer sync -------------------------------------------------------------------------------
inline constexpr std::size_t commits_bytes = 1024 * 1024;  ///< in one WriterCommits
inline constexpr std::size_t max_outstanding = 8;          ///< WriterCommits under way
/// Commits that wait for others, in memory, for each dataset; more are asked for again later.
inline constexpr std::size_t max_aside_commits = 1024;
inline constexpr std::size_t max_aside_bytes = 16 * 1024 * 1024;
/// What a partner has not taken is offered again after this.
inline constexpr Millis offer_again{30'000};

// ---- what is set aside -------------------------------------------------------------------------
/// More than that is no accident, and fills the disk: its bringer is cut off, and the rest stays
/// where it is until somebody has looked.
inline constexpr std::size_t max_quarantine = 10'000;
inline constexpr Millis retry_every{10'000};

// ---- search ------------------------------------------------------------------------------------
inline constexpr std::size_t max_searches_per_peer = 16;  ///< under way at once
inline constexpr std::size_t max_hits = 10'000;           ///< of one dataset in one answer
/// Hits of one part: leaves room in the frame for facets.
inline constexpr std::size_t part_bytes = 6 * 1024 * 1024;
inline constexpr std::size_t max_facets = 32;
inline constexpr std::size_t max_facet_values = 10'000;  ///< of one facet in one part
inline constexpr std::size_t facet_bytes = 1024 * 1024;  ///< of all facets of one part
inline constexpr Millis longest_deadline{60'000};

}  // namespace sangam::sync::limits
