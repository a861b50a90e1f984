// SPDX-License-Identifier: Apache-2.0
#include "node/service/control_author.hpp"

namespace sangam::node {

Result<SignedControl> author_control(
    Call& call, std::optional<storage::Holding> holding, const ControlMaker& make,
    const std::function<void(const storage::Reader&, const SignedControl&)>& after) {
    return call.context.engine->call([&](sync::Engine& engine,
                                         Millis now) -> Result<SignedControl> {
        const sync::ControlAuthor author{call.context.node, call.context.key, call.context.random};
        const auto directory = call.context.membership->view();
        const auto before = call.context.store->reader();
        auto made = make({*before, *directory, author, now});
        if (!made) return made;
        const auto uid = made->entry.dataset_uid();
        if (auto put = call.context.store->put_control(uid, {*made}, holding); !put)
            return std::unexpected(put.error());
        if (after) after(*call.context.store->reader(), *made);
        engine.control_changed(uid, now);
        return made;
    });
}

}  // namespace sangam::node
