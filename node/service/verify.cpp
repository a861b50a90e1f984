// SPDX-License-Identifier: Apache-2.0
// `verify` beside a running daemon: on a view of the store of its own, while writing goes on.
#include "node/service/verbs.hpp"
#include "node/service/verify_document.hpp"

namespace sangam::node {

Result<Reply> verify(Call& call) {
    const auto reader = call.reader();
    std::optional<DatasetUid> only;
    if (const auto dataset = call.request.parameter("dataset")) {
        const auto info = call.find_dataset(*reader, *dataset);
        if (!info) return std::unexpected(info.error());
        only = info->uid;
    }
    return Reply(verify_document(reader->verify(
        only, [&](const Manifest& manifest) { return call.dataset_text(manifest); })));
}

}  // namespace sangam::node
