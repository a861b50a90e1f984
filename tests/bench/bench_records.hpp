// SPDX-License-Identifier: Apache-2.0
// Records to measure with: germplasm of about 450 bytes as JSON, words by a Zipf law, the same for
// the same seed on every machine.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "protocol/change.hpp"
#include "protocol/commit.hpp"
#include "protocol/crypto.hpp"

namespace sangam::bench {

/// Draws ranks 0, 1, 2, ... of which rank r comes as often as 1 / (r + 1)^s.
class Zipf {
public:
    Zipf(std::size_t ranks, double s) {
        double sum = 0;
        for (std::size_t r = 0; r < ranks; ++r)
            below_.push_back(sum += std::pow(static_cast<double>(r + 1), -s));
        for (double& one : below_) one /= sum;
    }
    [[nodiscard]] std::size_t draw(SeededRandom& random) const {
        const double at = static_cast<double>(random.draw_u64() >> 11) * 0x1p-53;
        return static_cast<std::size_t>(std::ranges::lower_bound(below_, at) - below_.begin());
    }

private:
    std::vector<double> below_;  ///< the share of draws up to each rank
};

/// The writes of record number `n`: seventeen fields, with a remark of some twenty words.
class RecordSource {
public:
    explicit RecordSource(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] RecordKey key(std::uint64_t n) const {
        return {"germplasm", "IRG:" + std::to_string(1'000'000 + n) + ":Oryza"};
    }
    [[nodiscard]] std::vector<FieldWrite> next(std::uint64_t n) {
        static const std::vector<std::string> countries = {"IND", "PHL", "MEX", "ETH", "CHN",
                                                           "NPL", "LAO", "BGD", "NGA", "TUR"};
        std::string remark;
        for (int i = 0; i < 20; ++i) remark += (i ? " " : "") + word();
        const auto number = [&](std::uint64_t most) {
            return std::to_string(random_.draw_u64() % most);
        };
        std::vector<FieldWrite> out;
        const auto put = [&](const char* field, std::string value) {
            out.push_back({Path::single(field), Value(std::move(value))});
        };
        put("instituteCode", "PHL001");
        put("accessionNumber", "IRGC " + std::to_string(n));
        put("genus", "Oryza");
        put("species", word());
        put("speciesAuthority", "L.");  // a group is written whole
        for (const char* none : {"subtaxa", "subtaxaAuthority"})
            out.push_back({Path::single(none), std::nullopt});
        put("commonCropName", "rice");
        put("accessionName", word() + " " + number(1000));
        put("countryOfOriginCode", countries[random_.draw_u64() % countries.size()]);
        put("acquisitionDate", std::to_string(1960 + random_.draw_u64() % 60) + "0000");
        put("latitude", std::to_string(-60 + static_cast<int>(random_.draw_u64() % 120)) + "." +
                            number(1'000'000));
        put("longitude", number(180) + "." + number(1'000'000));
        put("elevation", number(4000));
        put("biologicalStatus", "300");
        put("donorCode", "DNR" + number(500));
        put("donorNumber", number(1'000'000));
        put("mlsStatus", "1");
        put("remarks", std::move(remark));
        return out;
    }

private:
    std::string word() {
        std::size_t rank = words_.draw(random_);
        std::string out;
        do {
            out += static_cast<char>('a' + rank % 26);
            out += "aeiou"[rank % 5];
            rank /= 26;
        } while (rank > 0);
        return out;
    }

    SeededRandom random_;
    Zipf words_{60'000, 1.07};
};

inline Lane bench_lane(const SigningKey& key) {
    return {NodeId::from_bytes(key.public_key().view()).value(), Epoch{1}};
}

/// Whole changes, as an import makes them.
inline std::vector<Change> changes(std::size_t count, std::uint64_t seed = 1) {
    RecordSource source(seed);
    SeededRandom random(seed);
    std::vector<Change> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back(
            Change::make(source.key(i), {}, source.next(i), random.draw<ChangeSecret>()).value());
    return out;
}

inline VerifiedPart commit(std::size_t count) {
    const auto key = SigningKey::from_seed(Bytes(SigningKey::seed_size, 1));
    CommitHeader header;
    header.lane = bench_lane(key);
    header.sequence = Sequence{1};
    header.manifest_number = 1;
    header.hlc = Hlc::of(1'700'000'000'000, 0);
    return build_commit(std::move(header), changes(count), key).value();
}

}  // namespace sangam::bench
