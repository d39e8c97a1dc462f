/* SPDX-License-Identifier: MIT
 *
 * relay/net/peer_address: addresses of sockets and from proxies, as logged.
 */
#include "relay/net/peer_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

static void check(struct peer_address address, const char *want, int line)
{
	char out[PEER_ADDRESS_TEXT_MAX];

	memset(out, 'x', sizeof(out));
	peer_address_format(&address, out);
	if (strcmp(out, want) != 0) {
		print_error("got '%s', want '%s'\n", out, want);
		_fail(__FILE__, line);
	}
}

#define expect(address, want) check(address, want, __LINE__)

static struct peer_address of_v4(const char *ip, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, ip, &v4.sin_addr), 1);
	return peer_address_of((struct sockaddr *)&v4);
}

static struct peer_address of_v6(const char *ip, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
	return peer_address_of((struct sockaddr *)&v6);
}

TEST(sockets_have_address_and_port)
{
	expect(of_v4("203.0.113.5", 41022), "203.0.113.5:41022");
	expect(of_v4("255.255.255.255", 65535), "255.255.255.255:65535");
	expect(of_v4("127.0.0.1", 0), "127.0.0.1");
	expect(of_v4("0.0.0.0", 1), "0.0.0.0:1");
	expect(of_v6("2001:db8::1", 443), "[2001:db8::1]:443");
	expect(of_v6("2001:db8::1", 0), "2001:db8::1");
	/* on a socket of both families */
	expect(of_v6("::ffff:203.0.113.5", 41022), "203.0.113.5:41022");
	expect(of_v6("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535),
	       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

TEST(a_peer_without_an_address_is_unknown)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	expect(peer_address_of(NULL), "-");
	expect(peer_address_of((struct sockaddr *)&un), "-");
}

static struct peer_address parse(const char *ip)
{
	struct span box = boxed(span_str(ip));
	struct peer_address address = peer_address_parse(box);

	unbox(box);
	return address;
}

TEST(a_proxy_header_is_an_address_or_unknown)
{
	expect(parse("203.0.113.5"), "203.0.113.5");
	expect(parse("2001:DB8:0:0::1"), "2001:db8::1");
	expect(parse("::ffff:203.0.113.5"), "203.0.113.5");
	expect(parse("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"),
	       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	expect(parse(""), "-");
	expect(parse("unix:"), "-");
	expect(parse("203.0.113"), "-");
	expect(parse("203.0.113.256"), "-");
	expect(parse("203.0.113.5:80"), "-");
	expect(parse("203.0.113.5 "), "-");
	expect(parse("[2001:db8::1]"), "-");
	expect(parse("2001:db8::1%eth0"), "-");
	expect(parse("2001:db8:::1"), "-");
	/* half of it is an address */
	expect(parse("2001:db8::1:x"), "-");
	expect(parse("example.org"), "-");
	expect(parse("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"), "-");
	expect(peer_address_parse(span_of(NULL, 0)), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_have_address_and_port),
		cmocka_unit_test(a_peer_without_an_address_is_unknown),
		cmocka_unit_test(a_proxy_header_is_an_address_or_unknown),
	};

	return cmocka_run_group_tests_name("peer_address", tests, NULL, NULL);
}
