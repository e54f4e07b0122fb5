// uploads/: what people bring, with all that file systems allow.
#include "core/bytes.h"
#include "devtools/sample/files_content.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

Result<void> write_ordinary(FileTree& tree, const World& world) {
  for (uint64_t i = 1; i <= world.scaled(60); ++i) {
    Random random = world.random("upload", i);
    const Investigation found = world.investigation(1 + random.below(world.investigations()));
    const size_t size = random.chance(0.05) ? 400 * KiB : random.below(20000);
    const std::string content = random.chance(0.5) ? bytes(random, size) : paragraph(random, size);
    RETURN_IF_ERROR(
        tree.write(fmt::format("uploads/{}/{}/evidence-{}.bin", found.tenant, found.id, i), content));
  }
  return {};
}

Result<void> write_odd_names(FileTree& tree, const World& world) {
  Random random = world.random("odd", 1);
  const fs::path odd = "uploads/odd names";
  for (const std::string& name : std::vector<std::string>{"with blank.txt",
                                                          " leading blank",
                                                          "trailing blank ",
                                                          "-rf",
                                                          "--help",
                                                          "semi;colon&and|pipe",
                                                          "quote's \"double\"",
                                                          "back\\slash",
                                                          "new\nline",
                                                          "tab\there",
                                                          "*?[glob]",
                                                          "$HOME `id`",
                                                          "ünïcödé 日本語 🚢",
                                                          "e\u0301 combining",
                                                          "caf\xe9 latin-1",
                                                          ".hidden",
                                                          "...",
                                                          "~tilde",
                                                          "percent%20",
                                                          "name:with:colons",
                                                          "control\x01\x1b",
                                                          std::string(255, 'n')}) {
    RETURN_IF_ERROR(tree.write(odd / name, sentence(random)));
  }
  fs::path deep = "uploads/deep";
  for (int i = 0; i < 12; ++i) deep /= fmt::format("a directory whose name is rather long, number {}", i);
  return tree.write(deep / "at the bottom.txt", "found\n");
}

Result<void> write_odd_files(FileTree& tree, const World& world) {
  Random random = world.random("odd", 2);
  RETURN_IF_ERROR(tree.write("uploads/kinds/empty", ""));
  RETURN_IF_ERROR(tree.write("uploads/kinds/large.bin", bytes(random, 3 * MiB)));
  RETURN_IF_ERROR(tree.write("uploads/kinds/private", "mode 0600\n", 0600));
  RETURN_IF_ERROR(tree.write("uploads/kinds/read-only", "mode 0400\n", 0400));
  RETURN_IF_ERROR(tree.write("uploads/kinds/set-id", "mode 06755\n", 06755));
  RETURN_IF_ERROR(tree.write_sparse("uploads/kinds/sparse", 8 * MiB, "after the hole"));
  RETURN_IF_ERROR(tree.make_directory("uploads/kinds/empty directory"));
  RETURN_IF_ERROR(tree.make_directory("uploads/kinds/sticky", 01777));
  RETURN_IF_ERROR(tree.hard_link("uploads/kinds/hard-link-to-private", "uploads/kinds/private"));
  RETURN_IF_ERROR(tree.link_to("uploads/links/to-a-file", "../kinds/private"));
  RETURN_IF_ERROR(tree.link_to("uploads/links/to-a-directory", "../odd names"));
  RETURN_IF_ERROR(tree.link_to("uploads/links/to-nothing", "no such file"));
  // Nobody may follow these: one loops, two leave the tree.
  RETURN_IF_ERROR(tree.link_to("uploads/links/to-itself", "to-itself"));
  RETURN_IF_ERROR(tree.link_to("uploads/links/out-of-the-tree", "../../../../../../../../etc/hostname"));
  return tree.link_to("uploads/links/to-the-root", "/");
}

}  // namespace

Result<void> write_uploads(FileTree& tree, const World& world) {
  RETURN_IF_ERROR(write_ordinary(tree, world));
  RETURN_IF_ERROR(write_odd_names(tree, world));
  return write_odd_files(tree, world);
}

}  // namespace summit::sample
