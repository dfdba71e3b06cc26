// SPDX-License-Identifier: Apache-2.0
#include "control/admin_api.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes.h"
#include "control/bare_process.h"
#include "control/file_text.h"
#include "runtime/simulated/simulated_io.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Process = BareProcess<runtime::simulated::World, runtime::simulated::SimulatedIo>;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kNodes = "/v1/services/web.a/nodes";
constexpr std::string_view kSecond = "/v1/services/web.a/nodes/10.0.0.3:80";

const std::string kFile = R"([web.a]
listen = ["10.0.0.1:8080", "unix:/run/a\"b\\c.sock"]
nodes = ["10.0.0.2:80", "10.0.0.3:80", "unix:/run/n\"x\\y\nz.sock"]
[web.two]
listen = ["10.0.0.9:8080", ":9000"]
nodes = ["10.0.0.4:80"]
[cache.r]
listen = "127.0.0.1:6379"
protocol = "redis"
)";

constexpr const char* kListenersOfA = R"(it listens on 10.0.0.1:8080, unix:/run/a"b\c.sock)";

// The services that were not chosen, each with the reason.
std::map<std::string, std::string> dismissed(const json& explained) {
  std::map<std::string, std::string> reasons;
  for (const json& row : explained["not_chosen"]) reasons.emplace(row["service"], row["why_not"]);
  return reasons;
}

// All that a description refers to.
void names_in(const json& value, std::set<std::string>& names) {
  if (value.is_object() && value.contains("$ref")) names.insert(value["$ref"].get<std::string>().substr(1));
  for (const json& part : value) {
    if (part.is_structured()) names_in(part, names);
  }
}

// A program that serves a topology file, called without HTTP in between.
class AdminApiTest : public testing::Test {
 protected:
  void SetUp() override { start(kFile); }
  void TearDown() override { EXPECT_TRUE(process_->end()); }

  void start(const std::string& text) {
    const std::string path = testing::TempDir() + "/admin-api-test.toml";
    FILE* file = fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    fputs(text.c_str(), file);
    fclose(file);
    LoadedTopology loaded = load_topology(path);
    ASSERT_TRUE(loaded.ok()) << loaded.rendered();
    if (process_) ASSERT_TRUE(process_->end());
    process_ = std::make_unique<Process>();
    const auto first = process_->result_of(process_->controller().change(loaded.topology), 1s);
    ASSERT_TRUE(first && first->has_value());
    api_ = std::make_unique<AdminApi>(process_->controller(), std::move(loaded), ProgramFacts(), [](bool) {});
    path_ = path;
  }

  static AdminRequest request(std::string_view method, std::string_view target, std::string body = {}) {
    AdminRequest request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    request.query = target.substr(std::min(request.path.size() + 1, target.size()));
    request.body = std::move(body);
    return request;
  }
  AdminResponse call(AdminRequest request) {
    return process_->result_of(api_->handle(std::move(request)), 10s).value_or(AdminResponse());
  }
  AdminResponse call(std::string_view method, std::string_view target, std::string body = {}) {
    return call(request(method, target, std::move(body)));
  }
  int status_with(const std::string& if_match, std::string_view target = kSecond) {
    AdminRequest asked = request("PATCH", target, "{\"weight\": " + std::to_string(++weight_) + "}");
    asked.if_match = if_match;
    return call(std::move(asked)).status;
  }
  json explained(const std::string& url) { return json::parse(call("GET", "/v1/explain/http?url=" + url).body); }

  runtime::Task<void> call_and_count(AdminRequest request) {
    const AdminResponse response = co_await api_->handle(std::move(request));
    ++statuses_[response.status];
  }

  std::unique_ptr<Process> process_;
  std::unique_ptr<AdminApi> api_;
  std::string path_;
  std::map<int, int> statuses_;
  int weight_ = 1;
};

TEST_F(AdminApiTest, ChangesAtTheSameTimeAreAllMade) {
  for (int i = 0; i < 20; ++i)
    process_->io().spawn(
        call_and_count(request("POST", kNodes, "{\"address\": \"10.1.0." + std::to_string(i) + ":80\"}")));
  for (int i = 0; i < 5; ++i) process_->io().spawn(call_and_count(request("POST", "/v1/reload")));
  EXPECT_TRUE(process_->run_until([this] { return statuses_[201] + statuses_[200] == 25; }, 10s))
      << testing::PrintToString(statuses_);
  EXPECT_EQ(process_->controller().topology()->find("web.a")->nodes.size(), 23U);
  EXPECT_EQ(load_topology(path_).topology.services, process_->controller().topology()->services);
}

TEST_F(AdminApiTest, AChangeByHandIsNotOverwritten) {
  ASSERT_TRUE(replace_file(path_, kFile + "# by hand\n"));
  EXPECT_EQ(call("DELETE", kSecond).status, 409);
  EXPECT_EQ(call("POST", "/v1/reload").status, 200);
  EXPECT_EQ(call("DELETE", kSecond).status, 200);
}

TEST_F(AdminApiTest, IfMatchIsReadAsTheStandardHasIt) {
  const std::string etag = call("GET", "/v1/topology").etag;
  for (const char* other : {"\"999\"", "\"1\"", "\"abc\"", "\"\"", "\"998\", \"999\"", "W/\"999\""})
    EXPECT_EQ(status_with(other), 412) << other;
  EXPECT_EQ(status_with("W/" + etag), 412) << "a weak tag never matches";
  for (const char* malformed : {"999", "abc", "\"1", "w/\"1\""}) EXPECT_EQ(status_with(malformed), 400) << malformed;
  EXPECT_EQ(process_->controller().topology()->epoch, 1U);
  EXPECT_EQ(status_with("\"1\", " + etag), 200);
  EXPECT_EQ(status_with(etag), 412) << "another topology runs now";
  EXPECT_EQ(status_with("*"), 200);
}

TEST_F(AdminApiTest, AnEtagOfAnotherRunMatchesOnlyTheSameTopology) {
  const std::string etag = call("GET", "/v1/topology").etag;
  start(kFile + "# another\n");
  EXPECT_EQ(status_with(etag), 412);
  start(kFile);
  EXPECT_EQ(status_with(etag), 200);
}

TEST_F(AdminApiTest, BodiesAreReadWholeAndNothingIsCut) {
  for (const char* weight : {"1001", "4294967301", "18446744073709551615", "-1", "1.5", "\"2\"", "null"}) {
    EXPECT_EQ(call("PATCH", kSecond, "{\"weight\": " + std::string(weight) + "}").status, 400) << weight;
    const std::string body = "{\"address\": \"10.0.0.7:80\", \"weight\": " + std::string(weight) + "}";
    EXPECT_EQ(call("POST", kNodes, body).status, 400) << weight;
  }
  const AdminResponse misspelt = call("POST", kNodes, R"({"address": "10.0.0.7:80", "wieght": 5})");
  EXPECT_EQ(misspelt.status, 400);
  EXPECT_THAT(misspelt.body, HasSubstr("there is no other key"));
  EXPECT_EQ(process_->controller().topology()->epoch, 1U);
  EXPECT_EQ(call("POST", kNodes, R"({"address": "10.0.0.7:80", "weight": 1000, "zone": "b"})").status, 201);
}

TEST_F(AdminApiTest, AKeyThatStandsTwiceIsRefused) {
  const AdminResponse added = call("POST", kNodes, R"({"address": "10.0.0.7:80", "address": "10.0.0.8:80"})");
  EXPECT_EQ(added.status, 400);
  EXPECT_THAT(json::parse(added.body)["error"].get<std::string>(), HasSubstr("the key \"address\" stands twice"));
  EXPECT_EQ(call("PATCH", kSecond, R"({"weight": 2, "state": "drain", "\u0077eight": 3})").status, 400);
  EXPECT_EQ(call("PATCH", kSecond, R"({"": 1, "": 2})").status, 400);
  EXPECT_EQ(process_->controller().topology()->epoch, 1U);
}

TEST_F(AdminApiTest, WhatIsNotThereIsNotFoundByAnyMethod) {
  const std::string body = R"({"address": "10.0.0.7:80"})";
  EXPECT_EQ(call("POST", "/v1/services/web.b/nodes", body).status, 404);
  for (const char* target : {"/v1/services/web.b/nodes/10.0.0.2:80", "/v1/services/web.a/nodes/10.0.0.9:80"}) {
    EXPECT_EQ(call("GET", target).status, 404) << target;
    EXPECT_EQ(call("PATCH", target, R"({"weight": 2})").status, 404) << target;
    EXPECT_EQ(call("DELETE", target).status, 404) << target;
  }
  EXPECT_EQ(status_with("\"999\"", "/v1/services/web.b/nodes/10.0.0.2:80"), 404) << "before its condition is judged";
  for (const auto& [method, target] : {std::pair("GET", "/v1/services/web.b"), {"POST", "/v1/services/web.b/nodes"}})
    EXPECT_THAT(call(method, target, body).body,
                HasSubstr("there is no service web.b; there is cache.r, web.a, web.two"));
  EXPECT_EQ(process_->controller().topology()->epoch, 1U);
}

TEST_F(AdminApiTest, APathEndsWhereItEnds) {
  EXPECT_EQ(call("DELETE", std::string(kSecond) + "&nonsense").status, 400);
  EXPECT_EQ(call("GET", "/v1/services/web.a&x").status, 404);
  EXPECT_EQ(process_->controller().topology()->epoch, 1U);
}

TEST_F(AdminApiTest, ASecretThatChangedIsNoneOfAnEditsBusiness) {
  const std::string secret = testing::TempDir() + "/admin-api-test-secret";
  const auto write = [&](const char* text) {
    FILE* file = fopen(secret.c_str(), "w");
    fputs(text, file);
    fclose(file);
  };
  write("one");
  start(kFile + "password = \"file:" + secret + "\"\n");
  write("two");
  const AdminResponse refused = call("PATCH", kSecond, R"({"weight": 2})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("a secret that"));
  EXPECT_THAT(call("POST", "/v1/reload").body, HasSubstr("~ cache.r password changed"));
  EXPECT_EQ(process_->controller().topology()->find("cache.r")->cache().password, "two");
  EXPECT_EQ(call("PATCH", kSecond, R"({"weight": 2})").status, 200);
}

TEST_F(AdminApiTest, AnUrlIsExplainedForTheListenerThatItReaches) {
  EXPECT_EQ(explained("http://10.0.0.9:8080/")["service"], "web.two");
  EXPECT_EQ(explained("http://10.0.0.1:8080/")["service"], "web.a");
  EXPECT_EQ(explained("http://shop.example.com:8080/")["service"], "web.a") << "a name may stand for any address";
  EXPECT_EQ(explained("http://10.0.0.77:9000/")["listener"], "0.0.0.0:9000");
  EXPECT_EQ(explained("/x")["service"], "web.a");
  EXPECT_EQ(explained("http://shop.example.com:8080?a=/b")["target"], "/?a=/b");
  EXPECT_THAT(explained("http://x:0/")["why"].get<std::string>(), HasSubstr("no service listens on port 0"));
  for (const char* refused : {"http://x:8080/a%20b", "http://x:8080/%23f", "http://u:p@x:8080/", "http://x:8080/%250a",
                              "http://a_b%0d%0a:8080/"}) {
    const json said = explained(refused);
    EXPECT_EQ(said["result"], "refused") << refused;
    EXPECT_EQ(said["status"], 400) << refused;
  }
}

TEST_F(AdminApiTest, AServiceOfAnotherListenerIsDismissedForThat) {
  start(kFile + "[web.shop]\nlisten = \":9000\"\nhost = \"shop.example.com\"\nnodes = [\"10.0.0.6:80\"]\n");
  using Reasons = std::map<std::string, std::string>;
  EXPECT_EQ(
      dismissed(explained("http://10.0.0.1:8080/")),
      (Reasons{{"web.shop", "it listens on 0.0.0.0:9000"}, {"web.two", "it listens on 10.0.0.9:8080, 0.0.0.0:9000"}}));
  EXPECT_EQ(dismissed(explained("http://10.0.0.77:9000/")),
            (Reasons{{"web.a", kListenersOfA}, {"web.shop", "its host is shop.example.com"}}));
}

TEST_F(AdminApiTest, ARedirectIsExplainedAsOne) {
  start("[web.r]\nlisten = \":9000\"\nmode = \"redirect\"\nredirect_status = 307\nnodes = [\"10.0.0.6:80\"]\n");
  const json said = explained("http://10.0.0.77:9000/x");
  EXPECT_EQ(said["result"], "redirected");
  EXPECT_EQ(said["status"], 307);
  EXPECT_EQ(said["nodes"][0]["address"], "10.0.0.6:80");
  EXPECT_EQ(said["can_fail_with"], json::array({"413 request_too_large: the body is over body_max",
                                                "503 no_node: every node is down, draining or has weight 0"}));
  start(kFile);
  EXPECT_EQ(explained("http://10.0.0.77:9000/")["result"], "proxied");
  EXPECT_FALSE(explained("http://10.0.0.77:9000/").contains("status"));
}

TEST_F(AdminApiTest, LabelsOfMetricsAreEscaped) {
  const AdminResponse page = call("GET", "/metrics");
  EXPECT_THAT(page.body, HasSubstr(R"(node="unix:/run/n\"x\\y\nz.sock")"));
  EXPECT_THAT(page.body, Not(HasSubstr("n\"x")));
}

TEST_F(AdminApiTest, EachStateOfANodeIsASeries) {
  ASSERT_EQ(call("PATCH", kSecond, R"({"state": "drain"})").status, 200);
  const std::string page = call("GET", "/metrics").body;
  for (const char* state : {"unknown", "up", "draining", "ejected", "down"}) {
    const std::string series =
        "tenfold_node_state{service=\"web.a\",node=\"10.0.0.3:80\",state=\"" + std::string(state) + "\"} ";
    EXPECT_THAT(page, HasSubstr("\n" + series + (state == std::string("draining") ? "1\n" : "0\n")));
  }
}

TEST_F(AdminApiTest, TheDescriptionSaysWhatCallsTake) {
  const json described = json::parse(call("GET", "/openapi.json").body);
  const json& paths = described["paths"];
  const json& patch = paths[std::string(kNodes.substr(0, 13)) + "{service}/nodes/{address}"]["patch"];
  EXPECT_EQ(patch["parameters"][2]["name"], "If-Match");
  EXPECT_EQ(patch["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/NodeChange");
  EXPECT_EQ(described["components"]["schemas"]["Weight"]["maximum"], 1000);
  EXPECT_TRUE(patch["responses"].contains("412"));
  EXPECT_EQ(paths["/v1/explain/cache"]["get"]["parameters"][1]["name"], "key");
  EXPECT_TRUE(paths["/readyz"]["get"]["responses"]["503"]["content"].contains("text/plain"));
}

TEST_F(AdminApiTest, TheDescriptionHasEveryCallAndAllThatItNames) {
  const json described = json::parse(call("GET", "/openapi.json").body);
  std::set<std::string> ids;
  for (const ApiCall& known : AdminApi::calls()) {
    std::string method(known.method);
    std::ranges::transform(method, method.begin(), to_lower);
    const json& operation = described["paths"][std::string(known.pattern)][method];
    ASSERT_TRUE(operation.is_object()) << known.method << " " << known.pattern;
    EXPECT_TRUE(ids.insert(operation["operationId"]).second) << known.id;
    for (const char* any_call : {"400", "403", "408", "413", "431"})
      EXPECT_TRUE(operation["responses"].contains(any_call)) << known.id << " " << any_call;
    const bool is_open = known.pattern == "/livez" || known.pattern == "/readyz";
    EXPECT_NE(operation["responses"].contains("401"), is_open) << known.id;
    EXPECT_EQ(operation.contains("security"), is_open) << known.id;
  }
  EXPECT_EQ(described["components"]["securitySchemes"]["token"]["scheme"], "bearer");
  std::set<std::string> names;
  names_in(described, names);
  for (const std::string& name : names) EXPECT_TRUE(described.contains(json::json_pointer(name))) << name;
  EXPECT_TRUE(names.contains("/components/schemas/RouteStep"));
}

}  // namespace
}  // namespace tenfold::control
