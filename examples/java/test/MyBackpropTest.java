import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * Tests of a backward pass written by hand, with JUnit 5: the service compares its gradients with the right ones, and names the wrong
 * line. Copy Gradients.java, {@link Report} and {@link #check}; the rest is the code to be tested. In the folder above:
 *
 * <pre>
 *     javac -cp '/usr/share/java/*' -d build Gradients.java test/*.java
 *     java -jar /usr/share/java/junit-platform-console-standalone.jar -cp build:/usr/share/java/gson.jar -c MyBackpropTest
 * </pre>
 */
class MyBackpropTest {

    /** A mistake that gives the gradients that were sent: where it is made, the wrong and the right line in NumPy. */
    record Diagnosis(String mistake, String pointer, String detail, String wrong, String right, String remedy) {

        @Override
        public String toString() {
            return mistake + " at " + pointer + "\n  " + detail + "\n  - " + wrong + "\n  + " + right + "\n  " + remedy;
        }
    }

    /** What the service answers to a check. */
    record Report(boolean agrees, String firstDifference, List<Diagnosis> diagnoses) {}

    /** Fails if gradients are wrong, with a message that says which line it is. */
    static void check(Map<String, Object> request) throws IOException, InterruptedException {
        Report report = Gradients.fromEnvironment().post("check", request, Report.class);
        if (!report.agrees()) {
            var text = new StringBuilder("the first wrong array is " + report.firstDifference());
            report.diagnoses().forEach(diagnosis -> text.append("\n\n").append(diagnosis));
            fail(text.toString());
        }
    }

    // The code to be tested: layers with tanh, the last one linear, and the mean squared error.

    static double[][] random(Random random, int rows, int columns) {
        var matrix = new double[rows][columns];
        for (double[] row : matrix) {
            for (int j = 0; j < columns; j++) {
                row[j] = random.nextGaussian();
            }
        }
        return matrix;
    }

    /** a · b; with isTransposed aᵀ · b. */
    static double[][] product(double[][] a, double[][] b, boolean isTransposed) {
        int inner = b.length;
        var result = new double[isTransposed ? a[0].length : a.length][b[0].length];
        for (int i = 0; i < result.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                for (int k = 0; k < inner; k++) {
                    result[i][j] += (isTransposed ? a[k][i] : a[i][k]) * b[k][j];
                }
            }
        }
        return result;
    }

    static double[][] transposed(double[][] a) {
        var result = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                result[j][i] = a[i][j];
            }
        }
        return result;
    }

    final double[][][] weights;
    final double[][] biases;
    final double[][] inputs;
    final double[][] targets;

    MyBackpropTest() {
        // Sizes differ, so that a transposed matrix shows.
        var random = new Random(7);
        weights = new double[][][] {random(random, 4, 3), random(random, 5, 4), random(random, 2, 5)};
        biases = new double[][] {random(random, 1, 4)[0], random(random, 1, 5)[0], random(random, 1, 2)[0]};
        inputs = random(random, 6, 3);
        targets = random(random, 6, 2);
    }

    /** The gradients of weights and biases; slope is the derivative of tanh, as a function of its output. */
    List<Map<String, Object>> backward(DoubleUnaryOperator slope) {
        int layers = weights.length;
        var outputs = new double[layers + 1][][];
        outputs[0] = inputs;
        for (int k = 0; k < layers; k++) {
            double[][] z = product(outputs[k], transposed(weights[k]), false);
            for (double[] row : z) {
                for (int j = 0; j < row.length; j++) {
                    row[j] += biases[k][j];
                    row[j] = k < layers - 1 ? Math.tanh(row[j]) : row[j];
                }
            }
            outputs[k + 1] = z;
        }
        double[][] dZ = outputs[layers];
        for (int i = 0; i < dZ.length; i++) {
            for (int j = 0; j < dZ[0].length; j++) {
                dZ[i][j] = 2 * (dZ[i][j] - targets[i][j]) / (dZ.length * dZ[0].length);
            }
        }
        var gradients = new ArrayList<Map<String, Object>>();
        for (int k = layers - 1; k >= 0; k--) {
            var dB = new double[dZ[0].length];
            for (double[] row : dZ) {
                for (int j = 0; j < dB.length; j++) {
                    dB[j] += row[j];
                }
            }
            gradients.add(0, Map.of("weights", product(dZ, outputs[k], true), "biases", dB));
            if (k > 0) {
                dZ = product(dZ, weights[k], false);
                for (int i = 0; i < dZ.length; i++) {
                    for (int j = 0; j < dZ[0].length; j++) {
                        dZ[i][j] *= slope.applyAsDouble(outputs[k][i][j]);
                    }
                }
            }
        }
        return gradients;
    }

    /** The network and the batch, as the service has them, and the gradients to be compared. */
    Map<String, Object> request(List<Map<String, Object>> gradients) {
        var layers = new ArrayList<Map<String, Object>>();
        for (int k = 0; k < weights.length; k++) {
            String activation = k < weights.length - 1 ? "tanh" : "identity";
            layers.add(Map.of("weights", weights[k], "biases", biases[k], "activation", activation));
        }
        return Map.of(
                "network", Map.of("layers", layers),
                "batch", Map.of("inputs", inputs, "targets", targets),
                "loss", "mse",
                "candidate", Map.of("gradients", gradients));
    }

    @Test
    void myBackwardPass() throws Exception {
        check(request(backward(a -> 1 - a * a)));
    }

    @Test
    void aMistakeIsNamed() {
        var wrong = request(backward(a -> a * (1 - a)));
        AssertionError error = assertThrows(AssertionError.class, () -> check(wrong));
        System.out.println(error.getMessage());
        assertTrue(error.getMessage().contains("derivative-of-another-activation"), error.getMessage());
    }
}
