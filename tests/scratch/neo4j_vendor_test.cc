// A backup by the vendor's command and the restore of it on a real server. The vendor's programs are not
// free: in their place the backup command takes a dump that was made before, and the restore command loads
// it.

#include <gmock/gmock.h>

#include "masking/session.h"
#include "recovery/journal.h"
#include "recovery/plan.h"
#include "recovery/runner.h"
#include "stores/neo4j/admin.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/server.h"
#include "tests/masking/make_rules.h"
#include "tests/scratch/backup_world.h"

namespace summit::neo4j {
namespace {

using testing::Contains;
using testing::HasSubstr;

class Neo4jVendor : public ServerTest {
 protected:
  void SetUp() override {
    base_.emplace(must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-vendor-")));
    endpoint_ = server_.endpoint();
    const std::string dumped = fill_with_backed_up_accounts(endpoint_, base_->path() / "dumps");
    script("backup",
           "cp " + (base_->path() / "dumps" / dumped / "neo4j.dump").native() + " \"$1/$2-now.backup\"");
    script("restore",
           "NEO4J_HOME=" + endpoint_.home.native() + " NEO4J_CONF=" + (endpoint_.home / "conf").native() +
               " exec " + must(find_programs(endpoint_)).admin.native() +
               " database load \"$2\" --from-stdin --overwrite-destination=true < \"$1/$2-now.backup\"");
  }

  void script(const std::string& step, const std::string& line) {
    const fs::path file = base_->path() / step;
    must(write_file_durably(file, "#!/bin/sh\nset -eu\n" + line + "\n", 0700));
    (step == "backup" ? endpoint_.backup_command : endpoint_.restore_command) = {file.native(), "{directory}",
                                                                                 "{database}"};
  }

  fs::path backups() const { return base_->path() / "backups"; }
  std::string back_up_by_command() {
    config::ComponentSpec spec;
    spec.name = spec.kind = "neo4j";
    spec.method = "command";
    return must(back_up_part(endpoint_, backups(), spec));
  }

  // As `summit-dr restore` does it, without a safety backup.
  Result<recovery::RestoreOutcome> restore(const std::string& id) {
    ASSIGN_OR_RETURN(const auto reader, repository::PlainRepository(backups()).open(id));
    environment_.name = "test";
    environment_.neo4j = {endpoint_};
    recovery::RestoreContext context{.configuration = configuration_,
                                     .environment = environment_,
                                     .backup = *reader,
                                     .reporter = reporter_,
                                     .cancellation = {},
                                     .sealing_key = {},
                                     .workspace = base_->path()};
    context.masking = masking_;
    recovery::RestoreRequest request;
    request.safety_backup = false;
    ASSIGN_OR_RETURN(auto plan, recovery::plan_restore(request, context));
    planned_ = plan.components.front().step;
    ASSIGN_OR_RETURN(const auto journal, recovery::RestoreJournal::open(backups()));
    repository::PlainRepository repository(backups());
    recovery::RestoreServices services{.configuration = configuration_,
                                       .repository = repository,
                                       .reporter = reporter_,
                                       .cancellation = {},
                                       .sealing_key = {},
                                       .marker = marker_,
                                       .change_reference = "",
                                       .artifacts_checked = false,
                                       .leak_check = {}};
    return recovery::run_restore(plan, context, journal, services);
  }
  int64_t number(std::string_view cypher) { return must(bolt().scalar(cypher)).integer_or(-1); }

  std::optional<TemporaryDirectory> base_;
  config::Neo4jEndpoint endpoint_;
  config::Configuration configuration_;
  config::Environment environment_;
  SilentReporter reporter_;
  recovery::PlanStep planned_;
  const masking::Session* masking_ = nullptr;
  config::EnvironmentMarker marker_{"test", "test", "2026-11-21T03:10:48Z",
                                    "0123456789abcdef0123456789abcdef"};
};

TEST_F(Neo4jVendor, ComesBackThroughTheRunnersWithTheServerStoppedMeanwhile) {
  const std::string id = back_up_by_command();
  const auto accounts = number("MATCH (n:Account) RETURN count(n)");
  must(bolt().run("MATCH (n) DETACH DELETE n"));
  must(bolt().run("CREATE (:OnlyInTheTarget)"));

  const auto outcome = restore(id);
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  ASSERT_EQ(outcome->failed(), 0U) << outcome->components.front().failure->to_string();
  EXPECT_TRUE(planned_.overwrites_something);
  EXPECT_THAT(planned_.notes, Contains(HasSubstr("restore_command")));
  EXPECT_THAT(planned_.notes, Contains(HasSubstr("the server is stopped meanwhile")));
  EXPECT_FALSE(outcome->components.front().compared);
  EXPECT_THAT(outcome->components.front().probes, Contains(HasSubstr("indexes online")));
  EXPECT_EQ(number("MATCH (n:Account) RETURN count(n)"), accounts);
  EXPECT_EQ(number("MATCH (n:OnlyInTheTarget) RETURN count(n)"), 0);
  EXPECT_EQ(must(read_marker(bolt())), marker_);
}

TEST_F(Neo4jVendor, AFailedCommandIsTheRestoresFailureAndTheServerRunsAgain) {
  const std::string id = back_up_by_command();
  script("restore", "echo the backup chain is broken; exit 4");
  const auto outcome = restore(id);
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  ASSERT_EQ(outcome->failed(), 1U);
  EXPECT_THAT(outcome->components.front().failure->to_string(), HasSubstr("the backup chain is broken"));
  EXPECT_GT(number("MATCH (n:Account) RETURN count(n)"), 0);
}

TEST_F(Neo4jVendor, WithoutACommandOrMaskedNothingIsRestored) {
  const std::string id = back_up_by_command();
  endpoint_.restore_command.clear();
  const auto none = restore(id);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Code::kConfig);
  EXPECT_THAT(none.error().hint(), HasSubstr("restore_command"));
  masking::Session session;
  session.rules = masking::shipped_rules();
  session.key = masking::test_key();
  masking_ = &session;
  const auto masked = restore(id);
  ASSERT_FALSE(masked.ok());
  EXPECT_EQ(masked.error().code(), Code::kRefused);
  EXPECT_THAT(masked.error().hint(), HasSubstr("method: live"));
  EXPECT_GT(number("MATCH (n:Account) RETURN count(n)"), 0);
}

}  // namespace
}  // namespace summit::neo4j
