// SPDX-License-Identifier: Apache-2.0
#include "node/service/host_check.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace sangam::node {
namespace {

/// "name:port", "name", "[::1]:port" -> the name in small letters, without brackets.
std::string host_part(std::string_view text) {
    if (text.starts_with('[')) {
        text = text.substr(1, text.find(']') - 1);
    } else {
        text = text.substr(0, text.find(':'));
    }
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool is_address(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

Result<void> check_host_and_origin(const http::Request& request,
                                   const std::vector<std::string>& allowed) {
    const auto header = request.headers.find("host");
    const std::string host_header = header == request.headers.end() ? "" : header->second;
    const auto host = host_part(host_header);
    const bool is_known = host == "localhost" || is_address(host) ||
                          std::find(allowed.begin(), allowed.end(), host) != allowed.end();
    if (!is_known)
        return fail("unknown_host", "this node does not answer under that name", host_header,
                    "name it under http_hosts in sangam.toml", ErrorKind::refused);
    const auto origin = request.headers.find("origin");
    if (origin == request.headers.end()) return {};
    const auto slashes = origin->second.find("://");
    const auto from = slashes == std::string::npos
                          ? std::string_view{}
                          : std::string_view(origin->second).substr(slashes + 3);
    if (from == host_header) return {};
    return fail("foreign_origin", "a page of another origin may not ask this node", origin->second,
                {}, ErrorKind::refused);
}

}  // namespace sangam::node
