// SPDX-License-Identifier: Apache-2.0
#include "node/http/address.hpp"

#include <charconv>

namespace sangam::node::http {

Result<HostPort> split_address(std::string_view text) {
    const auto bad = [&] {
        return fail("bad_address", "this is no address with a port", std::string(text),
                    "write HOST:PORT, as 127.0.0.1:7430 or [::1]:7430", ErrorKind::usage);
    };
    HostPort out;
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad();
    auto host = text.substr(0, colon);
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) return bad();
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return bad();  // an IPv6 address needs its brackets, or its last group would be the port
    }
    const auto port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (host.empty() || port.empty() || error != std::errc{} || end != port.data() + port.size())
        return bad();
    out.host = std::string(host);
    return out;
}

Result<void> check_socket_path(std::string_view path) {
    if (path.size() <= max_socket_path_bytes) return {};
    return fail("path_too_long",
                "the socket's path has " + std::to_string(path.size()) +
                    " bytes; the system allows " + std::to_string(max_socket_path_bytes),
                std::string(path), "use a directory with a shorter path");
}

}  // namespace sangam::node::http
