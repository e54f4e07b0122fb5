#include "devtools/program/commands.h"

int main(int count, char** words) { return summit::platform::run_program(count, words); }
