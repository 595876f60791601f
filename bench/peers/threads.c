/* A process of COUNT threads that do nothing, CHURN more a second that live for 300 ms, and one that uses PERCENT of a
 * core. Prints "up"; at a line of input a list of [monotonic ms, CPU ms] of its own clocks. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SLICE_US 4000
#define MAX_NOTES 200000

static double notes[MAX_NOTES][2];
static int noted, churn, percent;

static double now_ms(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void *idle(void *unused) {
    (void)unused;
    for (;;) pause();
}

static void *brief(void *unused) {
    usleep(300000);
    return unused;
}

static void *spawn_some(void *attributes) {
    pthread_t thread;
    for (;;) {
        usleep(1000000 / churn);
        pthread_create(&thread, attributes, brief, NULL);
    }
}

static void *burn(void *unused) {
    (void)unused;
    while (noted < MAX_NOTES) {
        double until = now_ms(CLOCK_MONOTONIC) + SLICE_US / 1e3 * percent / 100;
        while (now_ms(CLOCK_MONOTONIC) < until);
        notes[noted][0] = now_ms(CLOCK_MONOTONIC);
        notes[noted][1] = now_ms(CLOCK_PROCESS_CPUTIME_ID);
        noted++;
        if (percent < 100) usleep(SLICE_US - SLICE_US * percent / 100);
    }
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    int threads = atoi(arguments[1]);
    churn = atoi(arguments[2]);
    percent = atoi(arguments[3]);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    for (int i = 1 + (churn > 0) + (percent > 0); i < threads; i++) pthread_create(&thread, &small, idle, NULL);
    if (churn > 0) pthread_create(&thread, &small, spawn_some, &small);
    if (percent > 0) pthread_create(&thread, &small, burn, NULL);
    puts("up");
    fflush(stdout);
    if (getchar() == EOF) return 0;
    printf("[");
    for (int i = 0, last = noted; i < last; i++) printf("%s[%.6f,%.6f]", i ? "," : "", notes[i][0], notes[i][1]);
    puts("]");
    return 0;
}
