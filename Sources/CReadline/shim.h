#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <readline/readline.h>

static void creadline_draw_nothing(void) {}

// Reads a line at the terminal with readline, the prompt on standard error, without history; NULL at end of input.
// A secret is not shown while it is typed. The caller frees the line. readline restores the terminal on signals.
static inline char *creadline_read(const char *prompt, int secret) {
  rl_outstream = stderr;
  rl_bind_key('\t', rl_insert);
  if (!secret) {
    rl_redisplay_function = rl_redisplay;
    return readline(prompt);
  }
  fputs(prompt, stderr);
  fflush(stderr);
  rl_redisplay_function = creadline_draw_nothing;
  char *line = readline("");
  fputc('\n', stderr);
  return line;
}
