#include "stores/files/capture.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tree.h"

namespace summit::files {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Capture, EverythingComesBackAsItWas) {
  Tree tree;
  const std::string longest(255, 'n');
  tree.put("plain.txt", "hello\n", 0640);
  tree.put("empty", "");
  tree.put("bin/tool", std::string(300000, '\0') + "x", 0755);
  tree.put("odd/new\nline", "1");
  tree.put("odd/\xff\xfe not text", "2");
  tree.put("odd/" + longest, "3");
  tree.put("odd/cafe\xcc\x81", "decomposed");
  tree.put("odd/caf\xc3\xa9", "composed");
  tree.put("odd/ \"quoted' $(name)", "4");
  tree.put("set-user-id", "5", 04755);
  tree.put("read-only/file", "6", 0400);
  fs::create_directories(tree.root() / "empty-directory/inner");
  fs::create_symlink("plain.txt", tree.root() / "link");
  fs::create_symlink("/etc/passwd", tree.root() / "link-out");
  fs::create_symlink("nowhere\xff", tree.root() / "dangling");
  fs::create_hard_link(tree.root() / "plain.txt", tree.root() / "odd/second-name");
  const timespec times[2] = {{1700000000, 123456789}, {1600000000, 987654321}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (tree.root() / "plain.txt").c_str(), times, 0), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, (tree.root() / "odd").c_str(), times, 0), 0);
  ::chmod((tree.root() / "read-only").c_str(), 0555);

  const std::string archive = tree.capture();
  EXPECT_THAT(tree.report.problems, IsEmpty());
  EXPECT_THAT(tree.report.notes, IsEmpty());
  const auto restored = tree.restore(archive);
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_EQ(tree.fingerprint_of_target(), tree.report.fingerprint.hex());

  const auto stat_of = [&](const char* path) {
    struct stat status{};
    EXPECT_EQ(::lstat((tree.target() / path).c_str(), &status), 0) << path;
    return status;
  };
  EXPECT_EQ(stat_of("plain.txt").st_mtim.tv_sec, 1600000000);
  EXPECT_EQ(stat_of("plain.txt").st_mtim.tv_nsec, 987654321);
  EXPECT_EQ(stat_of("odd").st_mtim.tv_nsec, 987654321);
  EXPECT_EQ(stat_of("plain.txt").st_ino, stat_of("odd/second-name").st_ino);
  EXPECT_EQ(stat_of("plain.txt").st_mode & 07777, 0640u);
  EXPECT_EQ(stat_of("set-user-id").st_mode & 07777, 04755u);
  EXPECT_EQ(stat_of("read-only").st_mode & 07777, 0555u);
  EXPECT_EQ(fs::read_symlink(tree.target() / "link-out"), "/etc/passwd");
  EXPECT_EQ(fs::read_symlink(tree.target() / "dangling"), "nowhere\xff");
  EXPECT_EQ(Tree::get(tree.target() / "odd/cafe\xcc\x81"), "decomposed");
  EXPECT_EQ(Tree::get(tree.target() / "odd/caf\xc3\xa9"), "composed");
  EXPECT_TRUE(fs::is_directory(tree.target() / "empty-directory/inner"));
  ::chmod((tree.root() / "read-only").c_str(), 0755);
  ::chmod((tree.target() / "read-only").c_str(), 0755);
}

TEST(Capture, StockTarReadsTheArchive) {
  Tree tree;
  tree.put("a/b.txt", "content");
  tree.put("caf\xc3\xa9", "utf-8");
  const std::string archive = tree.capture();
  Tree::put_in(tree.outside(), "x.tar.zst", archive);
  const std::string command = "cd " + tree.outside().string() +
                              " && tar --zstd -xf x.tar.zst && cmp a/b.txt " +
                              (tree.root() / "a/b.txt").string() + " && test -f 'caf\xc3\xa9'";
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): a stock tool
}

TEST(Capture, TheSameTreeGivesTheSameBytes) {
  Tree tree;
  for (int i = 0; i < 50; ++i) tree.put("d/" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(tree.capture(), tree.capture());
}

TEST(Capture, KeepsOwnersAndAttributes) {
  Tree tree;
  tree.put("file", "x");
  const bool attributes = ::setxattr((tree.root() / "file").c_str(), "user.origin", "a\0b", 3, 0) == 0;
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((tree.root() / "file").c_str(), 12345, 23456), 0);
  }
  ASSERT_TRUE(tree.restore(tree.capture()).ok());
  struct stat before{};
  struct stat after{};
  ASSERT_EQ(::stat((tree.root() / "file").c_str(), &before), 0);
  ASSERT_EQ(::stat((tree.target() / "file").c_str(), &after), 0);
  EXPECT_EQ(before.st_uid, after.st_uid);
  EXPECT_EQ(before.st_gid, after.st_gid);
  char value[8];
  if (attributes) {
    EXPECT_EQ(::getxattr((tree.target() / "file").c_str(), "user.origin", value, sizeof value), 3);
  }
}

TEST(Capture, SparseFilesStaySparse) {
  Tree tree;
  tree.put("sparse", "");
  const fs::path path = tree.root() / "sparse";
  {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY));
    ASSERT_EQ(::pwrite(fd.get(), "middle", 6, 8 << 20), 6);
    ASSERT_EQ(::ftruncate(fd.get(), 20 << 20), 0);
  }
  tree.put("all-hole", "");
  fs::resize_file(tree.root() / "all-hole", 5 << 20);
  ASSERT_TRUE(tree.restore(tree.capture()).ok());
  EXPECT_EQ(tree.fingerprint_of_target(), tree.report.fingerprint.hex());
  struct stat status{};
  ASSERT_EQ(::stat((tree.target() / "sparse").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 20 << 20);
  EXPECT_LT(status.st_blocks * 512, 1 << 20);
  ASSERT_EQ(::stat((tree.target() / "all-hole").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 5 << 20);
}

TEST(Capture, SpecialFilesAreSkippedWithANote) {
  Tree tree;
  tree.put("file", "x");
  ASSERT_EQ(::mkfifo((tree.root() / "fifo").c_str(), 0600), 0);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (tree.root() / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(Tree::paths_in(tree.capture()), ElementsAre("file"));
  EXPECT_THAT(tree.report.notes, ElementsAre(HasSubstr("fifo: skipped"), HasSubstr("socket: skipped")));
}

TEST(Capture, NothingIsFollowedOutOfTheRoot) {
  Tree tree;
  Tree::put_in(tree.outside(), "private", "do not take");
  tree.put("inner/file", "x");
  fs::create_directory_symlink(tree.outside(), tree.root() / "way-out");
  const auto paths = Tree::paths_in(tree.capture());
  EXPECT_THAT(paths, Contains("way-out"));
  EXPECT_THAT(paths, Not(Contains("way-out/private")));
}

TEST(Capture, IncludesAndExcludesWithTheDirectoriesOnTheWay) {
  Tree tree;
  tree.patterns.include = {"*.yml", "conf/app/**"};
  tree.patterns.exclude = {"*.tmp"};
  tree.put("a.yml", "1");
  tree.put("b.txt", "2");
  tree.put("conf/app/x.cfg", "3");
  tree.put("conf/app/y.tmp", "4");
  tree.put("conf/other/z", "5");
  EXPECT_THAT(Tree::paths_in(tree.capture()), ElementsAre("a.yml", "conf", "conf/app", "conf/app/x.cfg"));
}

TEST(Capture, SecretsAndTheRestNeverMeet) {
  Tree tree;
  tree.patterns.secret = {"*.pem"};
  tree.key = Secret("0123456789abcdef0123456789abcdef");
  tree.put("open.txt", "open");
  tree.put("tls/server.pem", "PRIVATE");
  tree.put(".env", "A=1\nENCRYPTION_KEY=0123456789abcdef0123456789abcdef\n");
  tree.put("k8s/secret.yaml", "kind: Secret\ndata: {}\n");
  tree.put("k8s/mixed.yaml", "kind: ConfigMap\n---\nkind: Secret\n");
  tree.put("k8s/config.yaml", "kind: ConfigMap\n");
  tree.put("compose.yml", "environment:\n  KEY: 0123456789abcdef0123456789abcdef\n");
  tree.put("the.key-file", "0123456789abcdef0123456789abcdef\n");
  fs::create_hard_link(tree.root() / "tls/server.pem", tree.root() / "innocent.txt");

  EXPECT_THAT(Tree::paths_in(tree.capture(Part::kOpen)),
              ElementsAre("k8s", "k8s/config.yaml", "open.txt", "tls"));
  EXPECT_THAT(tree.report.sealed_paths,
              testing::UnorderedElementsAre("compose.yml", "k8s/mixed.yaml", "k8s/secret.yaml"));
  const std::string secrets = tree.capture(Part::kSecret);
  EXPECT_THAT(Tree::paths_in(secrets),
              ElementsAre(".env", "compose.yml", "innocent.txt", "k8s", "k8s/mixed.yaml", "k8s/secret.yaml",
                          "tls", "tls/server.pem"));
  EXPECT_THAT(tree.report.notes, Contains(HasSubstr("the.key-file: left out, it is the sealing key")));
  EXPECT_THAT(tree.report.notes, Contains(HasSubstr(".env: the value of ENCRYPTION_KEY is left out")));
  for (const auto& note : tree.report.notes) EXPECT_THAT(note, Not(HasSubstr("0123456789")));
}

TEST(Capture, AnUnreadableFileIsAProblemAndCostsNoOther) {
  Tree tree;
  tree.put("a", "1");
  tree.put("b", "2", 0000);
  tree.put("c", "3");
  // Root reads everything, so a child without rights looks.
  const pid_t child = ::fork();
  if (child == 0) {
    ::chmod(tree.root().parent_path().c_str(), 0755);
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(9);
    const std::string archive = tree.capture();
    const bool kept = Tree::paths_in(archive) == std::vector<std::string>{"a", "c"};
    ::_exit(kept && tree.report.problems.size() == 1 &&
                    tree.report.problems[0].find("cannot open b") != std::string::npos
                ? 0
                : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Capture, AFileThatChangesWhileItIsReadLeavesASoundArchive) {
  Tree tree;
  for (int i = 0; i < 20; ++i) tree.put("file" + std::to_string(i), std::string(200000, 'x'));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (size_t round = 0; !stop; ++round) {
      std::error_code ignored;
      const fs::path path = tree.root() / ("file" + std::to_string(round % 20));
      fs::resize_file(path, round % 3 == 0 ? 10 : 400000, ignored);
      if (round % 7 == 0) fs::remove(path, ignored);
      if (round % 7 == 0) Tree::put_in(tree.root(), path.filename(), std::string(200000, 'y'));
    }
  });
  for (int round = 0; round < 8; ++round) {
    const std::string archive = tree.capture();
    fs::remove_all(tree.target());
    const auto restored = tree.restore(archive);
    ASSERT_TRUE(restored.ok()) << restored.error().message();
    EXPECT_EQ(tree.fingerprint_of_target(), tree.report.fingerprint.hex());
    EXPECT_THAT(tree.report.problems, IsEmpty());
  }
  stop = true;
  writer.join();
}

TEST(Capture, TheFingerprintSeesEveryChange) {
  Tree tree;
  tree.put("a", "1");
  tree.put("d/b", "2");
  fs::create_symlink("a", tree.root() / "l");
  std::set<std::string> seen;
  const auto look = [&] {
    tree.capture();
    EXPECT_TRUE(seen.insert(tree.report.fingerprint.hex()).second);
  };
  look();
  tree.put("a", "2");
  look();
  tree.put("a", "2", 0600);
  look();
  fs::rename(tree.root() / "a", tree.root() / "A");
  look();
  fs::create_directory(tree.root() / "empty");
  look();
  fs::remove(tree.root() / "l");
  fs::create_symlink("b", tree.root() / "l");
  look();
  fs::remove(tree.root() / "l");
  tree.put("l", "b");
  look();
}

TEST(Capture, ChecksTheAuditChainOfWhatItTakes) {
  Tree tree;
  tree.put("audit.jsonl", "{\"broken\":true}\n");
  auto options = tree.options();
  options.check_chain = true;
  EXPECT_THAT(Tree::paths_in(tree.capture(options)), ElementsAre("audit.jsonl"));
  ASSERT_TRUE(tree.report.chain.has_value());
  EXPECT_THAT(tree.report.chain->problem.value_or(""), HasSubstr("audit.jsonl:1:"));
}

TEST(Capture, SaysThatTheRootIsMissing) {
  Tree tree;
  EXPECT_EQ(capture_tree(tree.options(), nullptr).error().code(), Code::kNotFound);
}

TEST(Capture, StopsWhenAsked) {
  Tree tree;
  tree.put("a", "1");
  auto options = tree.options();
  options.cancellation.request();
  EXPECT_EQ(capture_tree(options, nullptr).error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace summit::files
