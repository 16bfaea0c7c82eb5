#pragma once
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include <readline/readline.h>

// How the terminal was found. (Swift emits a variable of a header only inside a function.)
static inline struct termios *creadline_cooked(void) {
  static struct termios found;
  return &found;
}

// Whether a line is being read, so that the terminal is not as it was found.
static inline volatile sig_atomic_t *creadline_is_reading(void) {
  static volatile sig_atomic_t reading;
  return &reading;
}

// Puts the terminal back as it was found while another thread reads a line that nobody waits for any more.
static inline void creadline_abandon(void) {
  if (!*creadline_is_reading()) return;
  tcsetattr(STDIN_FILENO, TCSANOW, creadline_cooked());
  fputc('\n', stderr);
}

static void creadline_draw_nothing(void) {}

// Ends the process as the signal asks, with the terminal as it was found. Only functions that signal-safety(7) lists.
static void creadline_interrupted(int number) {
  tcsetattr(STDIN_FILENO, TCSANOW, creadline_cooked());
  ssize_t ignored = write(STDERR_FILENO, "\n", 1);
  (void)ignored;
  raise(number);
}

// Reads a line at the terminal with readline, the prompt on standard error, without history; NULL at end of input.
// A secret is not shown while it is typed. The caller frees the line.
//
// readline's own signal handling waits for the read to be interrupted, which it is not when another thread takes the
// signal; so the signals that end a process are handled here, and suspending, which would bring the echo back, waits.
static inline char *creadline_read(const char *prompt, int secret) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  enum { count = sizeof numbers / sizeof *numbers };
  struct sigaction saved[count], action = {0};
  if (tcgetattr(STDIN_FILENO, creadline_cooked()) != 0) return NULL;
  *creadline_is_reading() = 1;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < count; i++) {
    action.sa_handler = numbers[i] == SIGTSTP ? SIG_IGN : creadline_interrupted;
    sigaction(numbers[i], &action, &saved[i]);
  }
  rl_catch_signals = 0;
  rl_outstream = stderr;
  rl_bind_key('\t', rl_insert);
  rl_variable_bind("enable-bracketed-paste", "off");
  char *line;
  if (secret) {
    fputs(prompt, stderr);
    fflush(stderr);
    rl_redisplay_function = creadline_draw_nothing;
    line = readline("");
    fputc('\n', stderr);
  } else {
    rl_redisplay_function = rl_redisplay;
    line = readline(prompt);
  }
  *creadline_is_reading() = 0;
  for (int i = 0; i < count; i++) sigaction(numbers[i], &saved[i], NULL);
  return line;
}
