import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Prints the gradients of a classifier: class indices, sample weights, and an activation and a loss with options.
 *
 * <pre>
 *     javac -cp /usr/share/java/gson.jar -d build *.java
 *     java -cp /usr/share/java/gson.jar:build Classes
 * </pre>
 */
public final class Classes {

    private Classes() {}

    private static Gradients.Request request() {
        var layers = List.of(
                new Gradients.Layer(
                        new double[][] {{0.2, -0.4}, {0.6, 0.1}, {-0.3, 0.5}},
                        new double[] {0.1, 0, -0.1},
                        Gradients.Activation.LEAKY_RELU.with("negative_slope", 0.2)),
                new Gradients.Layer(
                        new double[][] {{0.7, -0.2, 0.3}, {-0.5, 0.4, 0.1}, {0.2, 0.6, -0.8}},
                        new double[] {0, 0.1, 0.2},
                        null));
        double[][] inputs = {{1, 2}, {-1, 0.5}, {0, -2}, {3, 1}};
        int[] classes = {0, 2, 1, 2};
        double[] sampleWeights = {1, 0.5, 2, 1};
        var batch = new Gradients.Batch(inputs, null, classes, sampleWeights, null);
        var loss = Gradients.Loss.CROSS_ENTROPY.with("label_smoothing", 0.1);
        return new Gradients.Request(new Gradients.Network(layers), batch, loss, null);
    }

    public static void main(String[] args) throws InterruptedException {
        try {
            Gradients.Answer answer = Gradients.fromEnvironment().gradients(request());
            System.out.println("loss: " + answer.loss());
            System.out.println("divisor: " + answer.divisor());
            System.out.println("biases of the last layer: " + Arrays.toString(answer.gradients().get(1).biases()));
        } catch (IOException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
