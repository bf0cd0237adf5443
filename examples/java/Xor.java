import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * A 2-2-1 network learns XOR by gradient descent with momentum; the gradients come from the service.
 *
 * <pre>
 *     javac -cp /usr/share/java/gson.jar -d build *.java
 *     java -cp /usr/share/java/gson.jar:build Xor
 * </pre>
 */
public final class Xor {

    private static final double RATE = 0.5;
    private static final double MOMENTUM = 0.9;
    private static final int STEPS = 200;

    private static final List<Gradients.Layer> LAYERS = List.of(
            new Gradients.Layer(new double[][] {{0.8, -0.5}, {-0.3, 0.6}}, new double[] {0.1, -0.1}, Gradients.Activation.TANH),
            new Gradients.Layer(new double[][] {{0.7, 0.4}}, new double[] {0}, Gradients.Activation.SIGMOID));
    private static final double[][] INPUTS = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    private static final double[][] TARGETS = {{0}, {1}, {1}, {0}};

    private Xor() {}

    private static Gradients.Request request(List<String> include) {
        var batch = Gradients.Batch.of(INPUTS, TARGETS);
        return new Gradients.Request(
                new Gradients.Network(LAYERS), batch, Gradients.Loss.BINARY_CROSS_ENTROPY, include);
    }

    /** A layer of the same shape with nothing but zeros. */
    private static Gradients.Layer zerosLike(Gradients.Layer layer) {
        double[][] weights = new double[layer.weights().length][layer.weights()[0].length];
        return new Gradients.Layer(weights, new double[layer.biases().length], null);
    }

    /** Takes one step: velocity ← momentum · velocity − rate · gradient, values ← values + velocity. */
    private static void descend(double[] values, double[] velocity, double[] gradient) {
        for (int i = 0; i < gradient.length; i++) {
            velocity[i] = MOMENTUM * velocity[i] - RATE * gradient[i];
            values[i] += velocity[i];
        }
    }

    private static void descend(Gradients.Layer layer, Gradients.Layer velocity, Gradients.Gradient gradient) {
        for (int i = 0; i < layer.weights().length; i++) {
            descend(layer.weights()[i], velocity.weights()[i], gradient.weights()[i]);
        }
        descend(layer.biases(), velocity.biases(), gradient.biases());
    }

    private static void train(Gradients client) throws IOException, InterruptedException {
        List<Gradients.Layer> velocities = LAYERS.stream().map(Xor::zerosLike).toList();
        for (int step = 0; step < STEPS; step++) {
            Gradients.Answer answer = client.gradients(request(null));
            if (step % 50 == 0) {
                System.out.println("step " + step + ": loss " + answer.loss());
            }
            for (int k = 0; k < LAYERS.size(); k++) {
                descend(LAYERS.get(k), velocities.get(k), answer.gradients().get(k));
            }
        }
        Gradients.Answer answer = client.gradients(request(List.of("outputs")));
        System.out.println("loss after " + STEPS + " steps: " + answer.loss());
        for (int i = 0; i < INPUTS.length; i++) {
            System.out.printf(Locale.ROOT, "%.0f xor %.0f: %.4f%n", INPUTS[i][0], INPUTS[i][1], answer.outputs()[i][0]);
        }
    }

    public static void main(String[] args) throws InterruptedException {
        try {
            train(Gradients.fromEnvironment());
        } catch (IOException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
