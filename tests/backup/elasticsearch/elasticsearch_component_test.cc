#include "backup/elasticsearch_component.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http.h"
#include "devtools/platform/elasticsearch_server.h"
#include "repository/backup_id.h"
#include "repository/backup_repository.h"

namespace summit::backup {
namespace {

using testing::Contains;
using testing::HasSubstr;

// All steps of the component, as the runner takes them.
Result<repository::ComponentRecord> record_of(const config::ElasticsearchEndpoint& endpoint) {
  ASSIGN_OR_RETURN(const auto directory, TemporaryDirectory::create(fs::temp_directory_path(), "summit-es-"));
  ASSIGN_OR_RETURN(auto writer,
                   repository::PlainRepository(directory.path()).begin_new(now(), [](Instant instant) {
                     return repository::make_backup_id("full", "", instant);
                   }));
  const config::Configuration configuration;
  const config::Environment environment;
  SilentReporter reporter;
  CaptureContext context{.configuration = configuration,
                         .environment = environment,
                         .writer = *writer,
                         .reporter = reporter,
                         .cancellation = {},
                         .sealing_key = {},
                         .jobs = 1};
  const auto component = make_elasticsearch_component({}, endpoint, "elasticsearch");
  RETURN_IF_ERROR(component->prepare(context));
  return component->transfer(context);
}

Result<void> put(const std::string& url, const std::string& body) {
  HttpClient client;
  HttpRequest request;
  request.method = body.empty() ? "POST" : "PUT";
  request.url = url;
  request.headers["content-type"] = "application/json";
  request.body = body;
  ASSIGN_OR_RETURN(const auto response, client.send(request));
  if (response.status >= 300) return Error(Code::kFailed, "{}: {}", response.status, response.body);
  return {};
}

TEST(ElasticsearchComponent, RecordsWhatThereWasAndHowItIsRebuilt) {
  const auto server = platform::ElasticsearchServer::create();
  ASSERT_TRUE(server.ok()) << server.error().to_string();
  const std::string url = (*server)->url();
  for (const std::string id : {"1", "2", "3"})
    ASSERT_TRUE(put(url + "/entities/_doc/" + id, R"({"name": "x"})").ok());
  ASSERT_TRUE(put(url + "/cases/_doc/1", R"({"name": "y"})").ok());
  ASSERT_TRUE(put(url + "/_refresh", "").ok());

  auto endpoint = (*server)->endpoint();
  endpoint.reindex_command = {"pnpm", "search:reindex"};
  const auto record = record_of(endpoint);
  ASSERT_TRUE(record.ok()) << record.error().to_string();
  EXPECT_EQ(record->status, repository::Status::kAbsent);
  EXPECT_EQ(record->reason, "re-indexable: rebuilt by `pnpm search:reindex`");
  EXPECT_EQ(record->hint, "pnpm search:reindex");
  EXPECT_THAT(record->server_version, HasSubstr("7.17"));
  EXPECT_EQ(record->details.at("indexes"), "2");
  EXPECT_EQ(record->details.at("documents"), "4");
  EXPECT_EQ(record->details.at("documents of entities"), "3");
  EXPECT_TRUE(record->artifacts.empty());
}

TEST(ElasticsearchComponent, IsRecordedAlsoWhenItCannotBeReached) {
  config::ElasticsearchEndpoint endpoint;
  endpoint.url = "http://127.0.0.1:1";
  const auto record = record_of(endpoint);
  ASSERT_TRUE(record.ok()) << record.error().to_string();
  EXPECT_EQ(record->status, repository::Status::kAbsent);
  EXPECT_THAT(record->reason, HasSubstr("re-indexable"));
  EXPECT_THAT(record->notes, Contains(HasSubstr("not known")));
}

}  // namespace
}  // namespace summit::backup
