// SPDX-License-Identifier: Apache-2.0
#include "storage/control_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "storage/store.hpp"

namespace sangam::storage {

namespace {

// The file: magic, then for each entry its length (4 bytes, little-endian), the first 8 bytes of
// the SHA-256 over length and entry, and the entry (SignedControl).
constexpr std::string_view magic = "sangam control log 1\n";
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t head_bytes = 4 + checksum_bytes;

std::array<std::uint8_t, 4> length_bytes(std::size_t length) {
    std::array<std::uint8_t, 4> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(length >> (8 * i));
    return out;
}

bool has_checksum(ByteView length, ByteView entry, ByteView checksum) {
    const auto hash = sha256({length, entry});
    return std::equal(checksum.begin(), checksum.end(), hash.bytes.begin());
}

}  // namespace

ControlLog::ControlLog(std::string path) : path_(std::move(path)) {
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) fail("open");
    try {
        read_all();
    } catch (...) {
        ::close(file_);
        throw;
    }
}

ControlLog::~ControlLog() { ::close(file_); }

void ControlLog::fail(const std::string& doing) const {
    const int code = errno;
    throw StoreError("cannot " + doing + " " + path_ + ": " + std::strerror(code) +
                     (code == ENOSPC ? "; free some space and try again"
                                     : "; may this user read and write it?"));
}

void ControlLog::read_all() {
    struct stat status{};
    if (::fstat(file_, &status) != 0) fail("read");
    Bytes all(static_cast<std::size_t>(status.st_size));
    for (std::size_t at = 0; at < all.size();) {
        const auto got = ::pread(file_, all.data() + at, all.size() - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail("read");
        at += static_cast<std::size_t>(got);
    }
    const ByteView bytes(all);
    const auto start = bytes.first(std::min(bytes.size(), magic.size()));
    if (!std::equal(start.begin(), start.end(), magic.begin()))
        throw StoreError(path_ + " is no control log; was another file put in its place?");
    if (start.size() < magic.size()) {
        // New, or a crash came before the first line was whole.
        truncate(0);
        const auto wanted = as_bytes(magic);
        if (::pwrite(file_, wanted.data(), wanted.size(), 0) != static_cast<ssize_t>(wanted.size()))
            fail("write");
        size_ = magic.size();
        sync();
        // The name must be on disk as well as the bytes.
        const auto directory = std::filesystem::path(path_).parent_path().string();
        const int opened =
            ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_CLOEXEC);
        if (opened < 0) fail("open the directory of");
        const int synced = ::fsync(opened);
        ::close(opened);
        if (synced != 0) fail("write the directory of");
        return;
    }
    std::size_t at = magic.size();
    while (at < bytes.size()) {
        const auto rest = bytes.subspan(at);
        std::size_t length = 0;
        if (rest.size() >= head_bytes)
            for (std::size_t i = 0; i < 4; ++i) length |= std::size_t{rest[i]} << (8 * i);
        const bool is_whole = rest.size() >= head_bytes && rest.size() - head_bytes >= length;
        // A crash while writing leaves a last entry that is short or does not add up.
        if (!is_whole) break;
        const auto entry = rest.subspan(head_bytes, length);
        const bool is_last = rest.size() == head_bytes + length;
        auto control = SignedControl::decode(entry);
        const bool is_sound =
            has_checksum(rest.first(4), entry, rest.subspan(4, checksum_bytes)) && control;
        if (!is_sound && is_last) break;
        if (!is_sound)
            throw StoreError(path_ + " is damaged at byte " + std::to_string(at) +
                             "; restore it from a backup, or move it away: the entries in the "
                             "database are then written to a new one");
        entries_.push_back(std::move(*control));
        at += head_bytes + length;
    }
    if (at < bytes.size()) truncate(at);
    size_ = at;
}

void ControlLog::append(const std::vector<SignedControl>& entries) {
    Bytes out;
    for (const auto& control : entries) {
        const auto entry = control.encode();
        const auto length = length_bytes(entry.size());
        const auto checksum = sha256({length, entry});
        out.insert(out.end(), length.begin(), length.end());
        out.insert(out.end(), checksum.bytes.begin(), checksum.bytes.begin() + checksum_bytes);
        out.insert(out.end(), entry.begin(), entry.end());
    }
    for (std::size_t at = 0; at < out.size();) {
        const auto put =
            ::pwrite(file_, out.data() + at, out.size() - at, static_cast<off_t>(size_ + at));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            const int code = errno;
            truncate(size_);
            errno = code;
            fail("write");
        }
        at += static_cast<std::size_t>(put);
    }
    size_ += out.size();
}

void ControlLog::sync() {
    if (::fdatasync(file_) != 0) fail("write");
}

void ControlLog::truncate(std::uint64_t size) {
    if (::ftruncate(file_, static_cast<off_t>(size)) != 0) fail("shorten");
    size_ = size;
    sync();
}

}  // namespace sangam::storage
