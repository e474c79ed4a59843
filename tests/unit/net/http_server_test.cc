#include "net/http_server.h"

#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server_fixture.h"
#include "net/server_sockets.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::chrono::seconds kPatience{20};  // never reached when all is well

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  const HttpResponse first = get("/hello");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(body(first), "GET /hello ");
  EXPECT_TRUE(first.fields.get("date").has_value());
  EXPECT_TRUE(first.fields.get("x-request-id").has_value());
  HttpFields fields;
  fields.add("X-Request-Id", "mine-1");
  EXPECT_EQ(client_->send("GET", "/", fields, Blob(), {})->fields.get("x-request-id"), "mine-1");
  EXPECT_EQ(body(client_->send("POST", "/p", {}, Blob(std::string("data")), {}).value()),
            "POST /p data");
}

TEST_F(HttpServerTest, TakesAClientsRequestIdOnlyWhenItIsSane) {
  start();
  // What could be anything in a log or a header is replaced: too long, or other characters.
  const std::string longest(64, 'x');
  const auto answered = [&](const std::string& sent) {
    HttpFields given;
    given.add("X-Request-Id", sent);
    return std::string(
        client_->send("GET", "/", given, Blob(), {})->fields.get("x-request-id").value_or(""));
  };
  EXPECT_EQ(answered(longest), longest);
  for (const std::string& bad :
       {longest + "x", std::string("a b"), std::string("a\"b"), std::string("a;b"),
        std::string("\xc3\xa4"), std::string("<script>")}) {
    EXPECT_NE(answered(bad), bad) << bad;
    EXPECT_EQ(answered(bad).size(), 32U) << bad;
  }
}

TEST_F(HttpServerTest, WorkOfOneKindThatWaitsHoldsUpNoOther) {
  for (const std::string waiting : {"GET", "POST"}) {
    service_.running = {};
    HttpServerOptions options;
    options.pool_threads = 1;
    start(options);
    RawConnection connection(server_->port());
    connection.send(waiting + " /until-cut HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    service_.running.get_future().wait();
    const std::string other = waiting == "GET" ? "POST" : "GET";
    EXPECT_EQ(client_->send(other, "/hello", {}, Blob(), {})->status, 200);
    EXPECT_EQ(get("/memory").status, 200);
    server_->stop(std::chrono::milliseconds(0));
  }
}

TEST_F(HttpServerTest, HeadHasALengthAndNoBody) {
  start();
  const HttpResponse response = client_->send("HEAD", "/hello", {}, Blob(), {}).value();
  EXPECT_EQ(response.fields.get("content-length"), "12");
  EXPECT_EQ(response.body.size(), 0u);
  EXPECT_EQ(body(get("/next")), "GET /next ");
}

TEST_F(HttpServerTest, SendsFiles) {
  start();
  EXPECT_EQ(body(get("/file")), std::string(500'000, 'f'));
  EXPECT_EQ(body(get("/next")), "GET /next ");
}

TEST_F(HttpServerTest, TakesPipelinedRequestsInTurn) {
  start();
  RawConnection connection(server_->port());
  connection.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
      "3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = connection.read_all();
  EXPECT_LT(all.find("GET /1 "), all.find("POST /2 abc"));
  EXPECT_LT(all.find("POST /2 abc"), all.find("GET /3 "));
}

TEST_F(HttpServerTest, TakesLargeBodiesInWhateverPiecesTheyComeAndNoByteMore) {
  start();
  std::string text;
  while (text.size() < 900'000) text += std::to_string(text.size()) + ' ';
  const std::string requests =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
      text + "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1'000}, std::size_t{70'000}, requests.size()}) {
    RawConnection connection(server_->port());
    for (std::size_t at = 0; at < requests.size(); at += piece) {
      connection.send(std::string_view(requests).substr(at, piece));
    }
    const std::string all = connection.read_all();
    EXPECT_NE(all.find("POST /1 " + text + "HTTP/1.1 200 "), std::string::npos) << piece;
    EXPECT_THAT(all, HasSubstr("\r\n\r\nGET /2 ")) << piece;
  }
}

TEST_F(HttpServerTest, PassesOverAnEmptyLineBeforeARequest) {
  start();
  RawConnection connection(server_->port());
  for (const char c : std::string_view("\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n"))
    connection.send(std::string_view(&c, 1));
  connection.read_until("GET /1 ");
  connection.send("\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(connection.read_all(), HasSubstr("GET /2 "));
}

TEST_F(HttpServerTest, TakesChunkedBodiesHoweverTheyAreCut) {
  start();
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, request.size()}) {
    RawConnection connection(server_->port());
    for (std::size_t at = 0; at < request.size(); at += piece)
      connection.send(std::string_view(request).substr(at, piece));
    EXPECT_THAT(connection.read_all(), HasSubstr("POST / abc0123456789"));
  }
}

TEST_F(HttpServerTest, ContinuesOnlyWhatItWants) {
  start();
  RawConnection wanted(server_->port());
  wanted.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_THAT(wanted.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  wanted.send("abc");
  EXPECT_THAT(wanted.read_all(), HasSubstr("POST / abc"));
  RawConnection too_large(server_->port());
  too_large.send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\nExpect: 100-continue\r\n\r\n");
  too_large.shut();
  EXPECT_THAT(too_large.read_all(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, HandlersThatDoNotAnswerGive500) {
  start();
  EXPECT_EQ(get("/drop").status, 500);
  EXPECT_EQ(get("/throw").status, 500);
  EXPECT_EQ(get("/ok").status, 200);
}

TEST_F(HttpServerTest, AnswersMayComeLaterAndOnce) {
  start();
  auto answer = std::async(std::launch::async, [&] { return get("/later"); });
  Responder responder = service_.later.get_future().get();
  EXPECT_TRUE(responder.respond(text(200, "late")));
  EXPECT_FALSE(responder.respond(text(200, "twice")));
  EXPECT_EQ(body(answer.get()), "late");
}

TEST_F(HttpServerTest, TimedActionsRunAtTheirTimeOrAtTheStop) {
  start();
  auto answer = std::async(std::launch::async,
                           [&] { return client_->send("GET", "/later", {}, Blob(), {}); });
  Responder responder = service_.later.get_future().get();
  responder.at(clock_.now() + std::chrono::hours(1),
               [responder]() mutable { responder.respond(text(200, "time is up")); });
  server_->stop(std::chrono::seconds(5));
  EXPECT_EQ(body(answer.get().value()), "time is up");
}

TEST_F(HttpServerTest, TimedActionsRunWhenTheClientHasGone) {
  start();
  std::promise<void> early, late;
  {
    RawConnection connection(server_->port());
    connection.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    Responder responder = service_.later.get_future().get();
    responder.at(clock_.now() + std::chrono::hours(1), [&, responder]() mutable {
      early.set_value();
      responder.at(clock_.now() + std::chrono::hours(1), [&] { late.set_value(); });
    });
  }
  EXPECT_EQ(early.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(late.get_future().wait_for(kPatience), std::future_status::ready);
  server_->stop(std::chrono::seconds(5));  // while there are promises to keep
}

// It may have closed its side only, as some clients do that have no more to ask.
TEST_F(HttpServerTest, WhoHasSentAllIsStillAnswered) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder responder = service_.later.get_future().get();
  responder.at(clock_.now() + std::chrono::hours(1),
               [responder]() mutable { responder.respond(text(200, "so far")); });
  connection.shut();
  EXPECT_THAT(connection.read_all(), ::testing::EndsWith("\r\n\r\nso far"));
}

TEST_F(HttpServerTest, ARequestThatComesDuringAWaitIsAnsweredAfterIt) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder responder = service_.later.get_future().get();
  responder.at(clock_.now() + std::chrono::hours(1), [] {});
  connection.send("GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ServerSockets::await(server_->port(), "the server to read it",
                       [](const ServerSockets& sockets) { return sockets.unread_bytes == 0; });
  responder.respond(text(200, "late"));
  const std::string all = connection.read_all();
  EXPECT_LT(all.find("\r\n\r\nlate"), all.find("\r\n\r\nGET /2 "));
  EXPECT_THAT(all, HasSubstr("\r\n\r\nGET /2 "));
}

// Whether it is still there cannot be told without reading all that it sends.
TEST_F(HttpServerTest, WhoSendsMuchMoreDuringAWaitIsNotWaitedFor) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder responder = service_.later.get_future().get();
  responder.at(clock_.now() + std::chrono::hours(1),
               [responder]() mutable { responder.respond(text(200, "so far")); });
  connection.send(
      "POST /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: "
      "100000\r\n\r\n" +
      std::string(100'000, 'b'));
  const std::string all = connection.read_all();
  EXPECT_LT(all.find("\r\n\r\nso far"), all.find("\r\n\r\nPOST /2 bbb"));
  EXPECT_TRUE(all.ends_with('b'));
}

TEST_F(HttpServerTest, StreamsUntilClosedByEitherSide) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto stream = service_.stream.get_future().get();
  EXPECT_THAT(connection.read_until("begin\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(stream->send("event\n"));
  EXPECT_EQ(connection.read_until("event\n"), "event\n");
  stream->close();
  EXPECT_EQ(connection.read_all(), "");
  EXPECT_FALSE(stream->send("more"));
}

TEST_F(HttpServerTest, HeadOfAStreamHasNoBody) {
  start();
  RawConnection connection(server_->port());
  connection.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto stream = service_.stream.get_future().get();
  std::promise<void> closed;
  stream->on_closed([&] { closed.set_value(); });
  closed.get_future().wait();
  EXPECT_FALSE(stream->send("event\n"));
  EXPECT_THAT(connection.read_all(), ::testing::EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, AStreamLearnsThatItsClientHasGone) {
  start();
  auto connection = std::make_unique<RawConnection>(server_->port());
  connection->send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto stream = service_.stream.get_future().get();
  connection->read_until("begin\n");
  std::promise<void> closed;
  stream->on_closed([&] { closed.set_value(); });
  connection.reset();
  closed.get_future().wait();
}

TEST_F(HttpServerTest, AStreamWhoseClientDoesNotReadIsCut) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto stream = service_.stream.get_future().get();
  const std::string megabyte(1 << 20, 'x');
  bool open = true;
  for (int i = 0; open && i < 1000; ++i) open = stream->send(megabyte);
  EXPECT_FALSE(open);
}

TEST_F(HttpServerTest, ATakenPortIsNamed) {
  start();
  HttpServerOptions options;
  options.port = server_->port();
  const auto second = HttpServer::start(options, service_, metrics_, log_, clock_, random_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Code::unavailable);
  EXPECT_THAT(second.status().message(), HasSubstr(std::to_string(server_->port())));
}

TEST_F(HttpServerTest, StoppingCutsHandlersThatDoNotEnd) {
  start();
  auto answer = std::async(std::launch::async,
                           [&] { return client_->send("GET", "/until-cut", {}, Blob(), {}); });
  service_.running.get_future().wait();
  server_->stop(std::chrono::milliseconds(1));
  answer.wait();  // the client is for one thread at a time
  EXPECT_FALSE(client_->send("GET", "/", {}, Blob(), {}).ok());
}

TEST_F(HttpServerTest, StoppingDoesNotWaitForAnswersThatNeverCome) {
  start();
  RawConnection connection(server_->port());
  connection.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder kept = service_.later.get_future().get();
  server_->stop(std::chrono::milliseconds(1));
  EXPECT_EQ(connection.read_all(), "");
  kept.respond(text(200, "to nobody"));
}

TEST_F(HttpServerTest, ManyConnectionsAtOnce) {
  start();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&, i] {
      const auto client = HttpClient::create({"127.0.0.1", server_->port(), ""}, clock_);
      for (int k = 0; k < 20; ++k) {
        const std::string data(std::size_t(i) * 997, 'd');
        const auto response = client->send("POST", "/x", {}, Blob(data), {});
        if (response.ok() && response->body.to_string().value() == "POST /x " + data) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 50 * 20);
}

}  // namespace
}  // namespace thumbmill
