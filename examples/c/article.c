/*
 * Prints the gradients of the network of the article, or of the requests in JSON files.
 *
 *     mkdir -p build
 *     cc -std=c11 -O2 -o build/article article.c gradients.c -lcurl -ljansson
 *     build/article
 *     build/article FILE...
 */
#include "gradients.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

/* Weights are outputs × inputs. */
static const char *const ARTICLE =
    "{\"network\": {\"layers\": ["
    "  {\"weights\": [[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]], \"biases\": [0.1, 0.1, 0.1], \"activation\": \"tanh\"},"
    "  {\"weights\": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], \"biases\": [0.1, 0.1, 0.1], \"activation\": \"tanh\"},"
    "  {\"weights\": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], \"biases\": [0.1, 0.1]}"
    "]}}";

/* A matrix of rows × columns, from its rows one after the other. */
static json_t *matrix(size_t rows, size_t columns, const double *values) {
  json_t *all = json_array();
  for (size_t i = 0; i < rows; i++) {
    json_t *row = json_array();
    for (size_t j = 0; j < columns; j++) {
      json_array_append_new(row, json_real(values[i * columns + j]));
    }
    json_array_append_new(all, row);
  }
  return all;
}

static json_t *article(void) {
  json_t *request = json_loads(ARTICLE, 0, NULL);
  json_t *inputs = matrix(2, 2, (double[]){3, 2, 4, 5});
  json_t *targets = matrix(2, 2, (double[]){2, 1, 2, 2});
  /* One sample per column. */
  json_t *batch = json_pack("{s:o, s:o, s:s}", "inputs", inputs, "targets", targets, "samples", "columns");
  json_object_set_new(request, "batch", batch);
  json_object_set_new(request, "loss", json_string("mse"));
  return request;
}

static void print_answer(json_t *answer) {
  printf("loss: %.17g\n", json_number_value(json_object_get(answer, "loss")));
  size_t number;
  const char *name;
  json_t *layer, *values;
  json_array_foreach(json_object_get(answer, "gradients"), number, layer) {
    json_object_foreach(layer, name, values) {
      printf("layer %zu %s: ", number, name);
      json_dumpf(values, stdout, JSON_COMPACT | JSON_REAL_PRECISION(17));
      printf("\n");
    }
  }
  printf("divisor: %.17g\n", json_number_value(json_object_get(answer, "divisor")));
}

/* Sends a request, prints the answer, and frees both. Returns whether there is an answer. */
static int send_request(struct gradients_client *client, json_t *request) {
  json_t *answer = gradients_ask(client, "gradients", request);
  if (answer == NULL) {
    fprintf(stderr, "%s\n", gradients_error(client));
  } else {
    print_answer(answer);
  }
  json_decref(answer);
  json_decref(request);
  return answer != NULL;
}

int main(int count, char **files) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct gradients_options options = gradients_environment();
  struct gradients_client *client = gradients_open(&options);
  int succeeds = client != NULL;
  if (succeeds && count == 1) {
    succeeds = send_request(client, article());
  }
  for (int i = 1; succeeds && i < count; i++) {
    json_error_t error;
    json_t *request = json_load_file(files[i], 0, &error);
    if (request == NULL) {
      fprintf(stderr, "%s: %s\n", files[i], error.text);
    }
    succeeds = request != NULL && send_request(client, request);
  }
  gradients_close(client);
  curl_global_cleanup();
  return succeeds ? EXIT_SUCCESS : EXIT_FAILURE;
}
