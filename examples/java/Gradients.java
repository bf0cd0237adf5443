import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The gradients of a network, from a gradient service, with Java 17 and Gson 2.10 or later.
 *
 * <pre>
 *     java -cp /usr/share/java/gson.jar Gradients.java         the network of the article
 *     java -cp /usr/share/java/gson.jar Gradients.java FILE    the request in a JSON file
 * </pre>
 *
 * GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
 */
public final class Gradients {

    /** A layer computes activation(inputs · weightsᵀ + biases); weights are outputs × inputs. */
    public record Layer(double[][] weights, double[] biases, String activation) {}

    public record Network(List<Layer> layers) {}

    /** A sample is one of the "rows", the default, or of the "columns". */
    public record Batch(double[][] inputs, double[][] targets, String samples) {}

    /** Fields that are null are not sent. */
    public record Request(Network network, Batch batch, String loss, List<String> include) {}

    public record Gradient(double[][] weights, double[] biases) {}

    /** The outputs are null unless the request includes them. */
    public record Answer(double loss, List<Gradient> gradients, double[][] outputs) {}

    /** A place in the request, and its error. */
    public record Fault(String pointer, String detail) {}

    /** A problem document (RFC 9457). */
    public record Problem(String type, String title, int status, String detail, List<Fault> errors) {}

    /** An error that the service answers. */
    public static final class GradientsException extends IOException {
        private static final long serialVersionUID = 1L;

        private final transient Problem problem;

        GradientsException(Problem problem) {
            super(explain(problem));
            this.problem = problem;
        }

        public Problem problem() {
            return problem;
        }

        private static String explain(Problem problem) {
            var text = new StringBuilder(problem.title() + ": " + problem.detail());
            for (Fault fault : Optional.ofNullable(problem.errors()).orElse(List.of())) {
                text.append("\n  ").append(fault.pointer()).append(": ").append(fault.detail());
            }
            return text.toString();
        }
    }

    private static final int TRIES = 5;
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final Gson GSON = new Gson();

    private Gradients() {}

    /**
     * The answer to a request.
     *
     * <p>If the service is busy (429, 503), this waits as long as Retry-After says and tries again.
     *
     * @param request a Request, or anything that Gson encodes to one, such as a JsonElement
     * @throws GradientsException if the service refuses the request
     */
    public static Answer gradients(Object request) throws IOException, InterruptedException {
        return post("gradients", request, Answer.class);
    }

    /**
     * The answer of an operation, such as "check". Otherwise as {@link #gradients}.
     *
     * @param type what Gson decodes the answer to
     */
    public static <T> T post(String operation, Object request, Class<T> type) throws IOException, InterruptedException {
        HttpRequest post = post(operation, GSON.toJson(request));
        for (int attempt = 1; ; attempt++) {
            HttpResponse<String> response = CLIENT.send(post, BodyHandlers.ofString());
            int status = response.statusCode();
            if (status == 200) {
                return GSON.fromJson(response.body(), type);
            }
            if (status != 429 && status != 503 || attempt == TRIES) {
                throw new GradientsException(problemOf(response));
            }
            Thread.sleep(1000L * secondsToWait(response));
        }
    }

    private static HttpRequest post(String operation, String body) {
        String url = System.getenv().getOrDefault("GRADIENTS_URL", "http://127.0.0.1:3000");
        String key = System.getenv("GRADIENTS_API_KEY");
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(url + "/" + operation))
                .version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        if (key != null) {
            builder.header("Authorization", "Bearer " + key);
        }
        return builder.build();
    }

    /** Seconds to wait, by Retry-After; without it, 1. */
    private static int secondsToWait(HttpResponse<?> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(wait -> wait.matches("\\d{1,9}"))
                .map(Integer::valueOf)
                .orElse(1);
    }

    /** The problem document of an answer. A proxy may have sent something else. */
    private static Problem problemOf(HttpResponse<String> response) {
        int status = response.statusCode();
        String type = response.headers().firstValue("Content-Type").orElse("");
        return type.startsWith("application/problem+json")
                ? GSON.fromJson(response.body(), Problem.class)
                : new Problem("about:blank", "No answer", status, "the service answered " + status, List.of());
    }

    private static Request article() {
        double[] row2 = {0.1, 0.1};
        double[] row3 = {0.1, 0.1, 0.1};
        var layers = List.of(
                new Layer(new double[][] {row2, row2, row2}, row3, "tanh"),
                new Layer(new double[][] {row3, row3, row3}, row3, "tanh"),
                new Layer(new double[][] {row3, row3}, row2, "identity"));
        var batch = new Batch(new double[][] {{3, 2}, {4, 5}}, new double[][] {{2, 1}, {2, 2}}, "columns");
        return new Request(new Network(layers), batch, "mse", null);
    }

    public static void main(String[] args) throws InterruptedException {
        try {
            Object request = args.length > 0 ? JsonParser.parseString(Files.readString(Path.of(args[0]))) : article();
            Answer answer = gradients(request);
            System.out.println("loss: " + answer.loss());
            for (int k = 0; k < answer.gradients().size(); k++) {
                Gradient layer = answer.gradients().get(k);
                System.out.println("layer " + k + " weights: " + Arrays.deepToString(layer.weights()));
                if (layer.biases() != null) {
                    System.out.println("layer " + k + " biases: " + Arrays.toString(layer.biases()));
                }
            }
        } catch (IOException | JsonParseException e) {
            System.err.println(e.getMessage() != null ? e.getMessage() : e);
            System.exit(1);
        }
    }
}
