#define _POSIX_C_SOURCE 200809L

#include "gradients.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Seconds for which a service that accepts no connection is tried again: a restart takes less. */
#define RESTART_TIME 10.0
#define FIRST_BACKOFF 0.5
#define LONGEST_BACKOFF 10.0

/* A text that grows; text is NULL as long as it is empty. */
struct buffer {
  char *text;
  size_t length;
  size_t capacity;
};

struct gradients_client {
  CURL *curl;
  struct curl_slist *headers;
  char *service; /* The URL without slashes at its end. */
  double retry_time;
  unsigned int seed;
  struct buffer answer;
  struct buffer error;
  json_t *problem;
};

static double minimum(double a, double b) { return a < b ? a : b; }

static double number_or(const char *text, double otherwise) { return text && *text ? atof(text) : otherwise; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void sleep_for(double seconds) {
  struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * (seconds - (time_t)seconds))};
  while (nanosleep(&left, &left) != 0) {
  }
}

/* Appends bytes and a 0 behind them. Returns 0 if there is no memory. */
static int append(struct buffer *buffer, const char *bytes, size_t length) {
  if (buffer->length + length + 1 > buffer->capacity) {
    size_t capacity = 2 * (buffer->length + length + 1);
    char *text = realloc(buffer->text, capacity);
    if (text == NULL) {
      return 0;
    }
    buffer->text = text;
    buffer->capacity = capacity;
  }
  memcpy(buffer->text + buffer->length, bytes, length);
  buffer->length += length;
  buffer->text[buffer->length] = '\0';
  return 1;
}

/* Appends strings up to a NULL. */
static void append_all(struct buffer *buffer, const char *const *strings) {
  for (; *strings != NULL; strings++) {
    append(buffer, *strings, strlen(*strings));
  }
}

#define APPEND(buffer, ...) append_all(buffer, (const char *const[]){__VA_ARGS__, NULL})

/* libcurl's CURLOPT_WRITEFUNCTION. */
static size_t receive(char *bytes, size_t size, size_t count, void *buffer) {
  return append(buffer, bytes, size * count) ? size * count : 0;
}

static const char *string_in(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

struct gradients_options gradients_environment(void) {
  const char *url = getenv("GRADIENTS_URL");
  return (struct gradients_options){
      .url = url && *url ? url : "http://127.0.0.1:3000",
      .api_key = getenv("GRADIENTS_API_KEY"),
      .timeout = number_or(getenv("GRADIENTS_TIMEOUT"), 300),
      .retry_time = number_or(getenv("GRADIENTS_RETRY_TIME"), 120),
  };
}

struct gradients_client *gradients_open(const struct gradients_options *options) {
  struct gradients_client *client = calloc(1, sizeof *client);
  if (client == NULL) {
    return NULL;
  }
  client->curl = curl_easy_init();
  client->service = strdup(options->url);
  client->headers = curl_slist_append(NULL, "Content-Type: application/json");
  if (client->curl == NULL || client->service == NULL || client->headers == NULL) {
    gradients_close(client);
    return NULL;
  }
  size_t length = strlen(client->service);
  while (length > 0 && client->service[length - 1] == '/') {
    client->service[--length] = '\0';
  }
  client->retry_time = options->retry_time;
  client->seed = (unsigned int)time(NULL) ^ (unsigned int)getpid() << 16;
  if (options->api_key != NULL) {
    struct buffer header = {0};
    APPEND(&header, "Authorization: Bearer ", options->api_key);
    client->headers = curl_slist_append(client->headers, header.text);
    free(header.text);
  }
  curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
  curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)(1000 * options->timeout));
  curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &client->answer);
  return client;
}

void gradients_close(struct gradients_client *client) {
  if (client == NULL) {
    return;
  }
  curl_easy_cleanup(client->curl);
  curl_slist_free_all(client->headers);
  json_decref(client->problem);
  free(client->service);
  free(client->answer.text);
  free(client->error.text);
  free(client);
}

const char *gradients_error(const struct gradients_client *client) {
  return client->error.text ? client->error.text : "out of memory";
}

const json_t *gradients_problem(const struct gradients_client *client) { return client->problem; }

/* Sets the error to that of a transfer. Returns for how many seconds to try again. */
static double explain_failure(struct gradients_client *client, CURLcode code) {
  APPEND(&client->error, "no answer from ", client->service, ": ", curl_easy_strerror(code));
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
    return minimum(client->retry_time, RESTART_TIME);
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
    return client->retry_time;
  default:
    return -1;
  }
}

/* Sets the error to that of an answer other than 200. Returns for how many seconds to try again. */
static double explain_answer(struct gradients_client *client, long status) {
  const char *type = NULL;
  curl_easy_getinfo(client->curl, CURLINFO_CONTENT_TYPE, &type);
  /* A proxy may have sent something other than a problem document. */
  if (type != NULL && strncmp(type, "application/problem+json", 24) == 0) {
    client->problem = json_loadb(client->answer.text, client->answer.length, 0, NULL);
  }
  if (client->problem != NULL) {
    APPEND(&client->error, string_in(client->problem, "title"), ": ", string_in(client->problem, "detail"));
    size_t i;
    json_t *fault;
    json_array_foreach(json_object_get(client->problem, "errors"), i, fault) {
      APPEND(&client->error, "\n  ", string_in(fault, "pointer"), ": ", string_in(fault, "detail"));
    }
  } else {
    char number[24];
    snprintf(number, sizeof number, "%ld", status);
    APPEND(&client->error, client->service, " answered ", number);
  }
  return status == 429 || status == 502 || status == 503 ? client->retry_time : -1;
}

/*
 * Asks once, whatever the body and the URL are set to. Returns the answer; if it is NULL, limit is for how many seconds
 * to try again, and retry_after how long the service says to wait.
 */
static json_t *try_once(struct gradients_client *client, double *limit, double *retry_after) {
  client->answer.length = client->error.length = 0;
  json_decref(client->problem);
  client->problem = NULL;
  *retry_after = 0;

  CURLcode code = curl_easy_perform(client->curl);
  if (code != CURLE_OK) {
    *limit = explain_failure(client, code);
    return NULL;
  }
  long status = 0;
  curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    *limit = explain_answer(client, status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &seconds);
    *retry_after = (double)seconds;
    return NULL;
  }
  json_t *answer = json_loadb(client->answer.text, client->answer.length, 0, NULL);
  if (answer == NULL) {
    APPEND(&client->error, client->service, " answered something other than JSON");
    *limit = -1;
  }
  return answer;
}

json_t *gradients_ask(struct gradients_client *client, const char *operation, const json_t *request) {
  struct buffer url = {0};
  APPEND(&url, client->service, "/", operation);
  curl_easy_setopt(client->curl, CURLOPT_URL, url.text);
  free(url.text);
  /* 17 digits are the number itself. */
  char *body = json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(17));
  curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(body ? strlen(body) : 0));
  curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body ? body : "");

  json_t *answer;
  double first_failure = -1, backoff = FIRST_BACKOFF, limit, wait;
  while ((answer = try_once(client, &limit, &wait)) == NULL) {
    double time = now();
    if (first_failure < 0) {
      first_failure = time;
    }
    wait += backoff * rand_r(&client->seed) / RAND_MAX;
    if (time - first_failure + wait > limit) {
      break;
    }
    sleep_for(wait);
    backoff = minimum(2 * backoff, LONGEST_BACKOFF);
  }
  free(body);
  return answer;
}
