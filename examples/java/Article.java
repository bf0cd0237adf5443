import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Prints the gradients of the network of the article, or of the requests in JSON files.
 *
 * <pre>
 *     javac -cp /usr/share/java/gson.jar -d build *.java
 *     java -cp /usr/share/java/gson.jar:build Article
 *     java -cp /usr/share/java/gson.jar:build Article FILE...
 * </pre>
 */
public final class Article {

    private Article() {}

    private static Gradients.Request article() {
        double[] row2 = {0.1, 0.1};
        double[] row3 = {0.1, 0.1, 0.1};
        var layers = List.of(
                new Gradients.Layer(new double[][] {row2, row2, row2}, row3, Gradients.Activation.TANH),
                new Gradients.Layer(new double[][] {row3, row3, row3}, row3, Gradients.Activation.TANH),
                new Gradients.Layer(new double[][] {row3, row3}, row2, null));
        var inputs = new double[][] {{3, 2}, {4, 5}};
        var targets = new double[][] {{2, 1}, {2, 2}};
        var batch = new Gradients.Batch(inputs, targets, null, null, "columns");
        return new Gradients.Request(new Gradients.Network(layers), batch, Gradients.Loss.MSE, null);
    }

    private static void print(Gradients.Answer answer) {
        System.out.println("loss: " + answer.loss());
        for (int k = 0; k < answer.gradients().size(); k++) {
            Gradients.Gradient layer = answer.gradients().get(k);
            System.out.println("layer " + k + " weights: " + Arrays.deepToString(layer.weights()));
            if (layer.biases() != null) {
                System.out.println("layer " + k + " biases: " + Arrays.toString(layer.biases()));
            }
        }
        System.out.println("divisor: " + answer.divisor());
    }

    public static void main(String[] files) throws InterruptedException {
        Gradients client = Gradients.fromEnvironment();
        try {
            if (files.length == 0) {
                print(client.gradients(article()));
            }
            for (String file : files) {
                JsonElement request = JsonParser.parseString(Files.readString(Path.of(file)));
                print(client.post("gradients", request, Gradients.Answer.class));
            }
        } catch (IOException | JsonParseException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
