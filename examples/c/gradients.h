/* The gradients of a network, from a gradient service, with libcurl and Jansson. article.c shows how it is used. */
#ifndef GRADIENTS_H
#define GRADIENTS_H

#include <jansson.h>

/* A gradient service. It keeps one connection; each thread needs its own. */
struct gradients_client;

struct gradients_options {
  const char *url;
  const char *api_key; /* NULL if the service requires none. */
  double timeout;      /* Seconds that one try may take, from connecting to the last byte of the answer. */
  double retry_time;   /* Seconds for which a busy service is asked again, counted from the first failure. */
};

/* The options that GRADIENTS_URL, GRADIENTS_API_KEY, GRADIENTS_TIMEOUT and GRADIENTS_RETRY_TIME describe. */
struct gradients_options gradients_environment(void);

/* A client, or NULL if there is no memory. Before other threads start, call curl_global_init(). */
struct gradients_client *gradients_open(const struct gradients_options *options);

void gradients_close(struct gradients_client *client);

/*
 * The answer of an operation, such as "gradients" or "hessian": free it by json_decref(). NULL if there is none;
 * gradients_error() then says why.
 *
 * While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that
 * grows) and tries again. A timeout is not retried.
 */
json_t *gradients_ask(struct gradients_client *client, const char *operation, const json_t *request);

/* Why the last gradients_ask() returned NULL; valid until the next one. */
const char *gradients_error(const struct gradients_client *client);

/* The problem document (RFC 9457) of the last gradients_ask(), or NULL if the service did not send one. */
const json_t *gradients_problem(const struct gradients_client *client);

#endif
