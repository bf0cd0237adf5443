package org.openapitools.client;

import java.util.Scanner;
import org.openapitools.client.api.GradientsApi;
import org.openapitools.client.model.GradientsRequest;

/** Sends each line of standard input, a request, and prints the answer or the problem. */
public class Main {
  public static void main(String[] args) throws Exception {
    GradientsApi api = new GradientsApi(new ApiClient().setBasePath(args[0]));
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      try {
        System.out.println(api.gradients(GradientsRequest.fromJson(lines.nextLine()), null, null).toJson());
      } catch (ApiException error) {
        System.out.println(error.getResponseBody());
      }
    }
  }
}
