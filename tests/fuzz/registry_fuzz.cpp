// SPDX-License-Identifier: Apache-2.0
// Every decoder of the registry's formats on any bytes: what is read writes the same bytes again,
// and whatever a request to the HTTP interface holds, the registry stays as it was or signs what it
// did.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "registry/api.hpp"
#include "registry/directory.hpp"
#include "registry/tiles.hpp"

namespace {

using namespace sangam;
using namespace sangam::registry;

template <class Object>
void round_trip(ByteView bytes) {
    const auto object = Object::decode(bytes);
    if (!object) return;
    // Fields of later versions, which may be ignored, are not written again.
    const Bytes again = object->encode();
    SANGAM_ASSERT(again.size() <= bytes.size());
    if (again.size() == bytes.size()) SANGAM_ASSERT(std::ranges::equal(again, bytes));
}

/// One registry for all inputs, without a single member: nobody's request can change it.
Service& service() {
    static Service instance = [] {
        init_crypto();
        const auto key = [](std::uint8_t n) { return SigningKey::from_seed(Bytes(32, n)); };
        const RegistryKeys keys{key(1), key(2)};
        InitOptions options;
        options.name = "fuzz";
        const SigningKey root = key(3);
        const auto made = create_registry(options, std::span(&root, 1), keys, Millis(1));
        SANGAM_ASSERT(made.has_value());
        auto loaded = Service::load(made->files, keys);
        SANGAM_ASSERT(loaded.has_value());
        return std::move(*loaded);
    }();
    return instance;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    const std::string text(as_text(bytes));

    round_trip<SignedRoot>(bytes);
    round_trip<SignedDocument>(bytes);
    round_trip<Entry>(bytes);
    round_trip<EnrolRequest>(bytes);
    round_trip<AdmitRequest>(bytes);
    round_trip<RevokeRequest>(bytes);
    round_trip<EnrolmentReply>(bytes);
    round_trip<ServiceState>(bytes);
    if (const auto chain = RootChain::verify_own(bytes))
        SANGAM_ASSERT(chain->encode().size() <= bytes.size());
    if (const auto update = decode_update(bytes))
        SANGAM_ASSERT(std::ranges::equal(encode_update(*update), bytes));
    if (const auto note = Note::parse(text)) {
        SANGAM_ASSERT(note->encode() == text);
        if (const auto checkpoint = Checkpoint::parse(note->text))
            SANGAM_ASSERT(checkpoint->text() == note->text);
    }
    if (const auto key = VerifierKey::parse(text)) SANGAM_ASSERT(key->text() == text);
    if (const auto tile = TileAddress::parse(text)) SANGAM_ASSERT(tile->path() == text);
    if (const auto endpoint = Endpoint::parse(text))
        SANGAM_ASSERT(*Endpoint::parse(endpoint->text()) == *endpoint);
    if (const auto invitation = Invitation::parse(text))
        SANGAM_ASSERT(*Invitation::parse(invitation->text()) == *invitation);
    const FramedEntries framed = read_framed(bytes);
    SANGAM_ASSERT(framed.whole_bytes <= size);

    Service& registry = service();
    const auto read = handle(registry, {"GET", text, {}}, Millis(1));
    SANGAM_ASSERT(read.effects.empty());
    for (const char* path :
         {"/api/v1/enrol", "/api/v1/admit", "/api/v1/revoke", "/api/v1/document"}) {
        const auto answer = handle(registry, {"POST", path, Bytes(data, data + size)}, Millis(1));
        SANGAM_ASSERT(answer.response.status >= 400 && answer.effects.empty());
    }
    SANGAM_ASSERT(registry.log().size() == 0);
    return 0;
}
