// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/endpoints.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/url/parse.hpp>

#include "node/http/address.hpp"

namespace sangam::node {
namespace {

using boost::asio::ip::udp;

/// Connecting a datagram socket sends nothing; it makes the kernel choose the local address.
std::string local_address_towards(const std::string& registry_url) {
    const auto url = boost::urls::parse_uri(registry_url);
    if (!url) return {};
    boost::asio::io_context io;
    boost::system::error_code error;
    udp::resolver resolver(io);
    const std::string port = url->has_port() ? std::string(url->port()) : "80";
    const auto found = resolver.resolve(std::string(url->encoded_host_address()), port, error);
    if (error || found.empty()) return {};
    udp::socket socket(io);
    socket.connect(*found.begin(), error);
    if (error) return {};
    const auto local = socket.local_endpoint(error);
    if (error) return {};
    const auto text = local.address().to_string();
    return local.address().is_v6() ? "[" + text + "]" : text;
}

}  // namespace

std::vector<std::string> endpoints_to_publish(const std::vector<std::string>& advertise,
                                              const std::string& listening,
                                              const std::string& registry_url) {
    if (!advertise.empty()) return advertise;
    const auto address = http::split_address(listening);
    if (!address || address->port == 0) return {};
    if (address->host != "0.0.0.0" && address->host != "::") return {listening};
    const auto host = local_address_towards(registry_url);
    if (host.empty()) return {};
    return {host + ":" + std::to_string(address->port)};
}

}  // namespace sangam::node
