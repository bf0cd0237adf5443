// The texts of "Check mine".

const of = (name: string | undefined) => (name === undefined ? '' : ` in ${name}`);

export const check = {
  tab: 'Check mine',
  cutOff: (name: string | undefined) =>
    `${name ?? 'An array'} is cut off: it has "..." in place of numbers. Print all of it: in NumPy np.set_printoptions(threshold=10**9), in PyTorch torch.set_printoptions(profile="full"), in R options(max.print=1e6); or paste json.dumps(a.tolist()).`,
  unclosed: (name: string | undefined) => `The text ends within an array${of(name)}: a closing bracket is missing.`,
  unexpected: (text: string, name: string | undefined) =>
    `Expected numbers${of(name)}, got: ${text}. Write one array after the other, each with its name before it, such as dW1 = [[0.1, -0.2]].`,
  noNumbers: () => 'No numbers found. Paste what print(dW1) prints, or JSON.',
  notPrinted: (line: string) => `"${line}" is the size of an array, not its numbers. Print the array by itself.`,
  decimalCommas: (line: string) => `"${line}" has decimal commas. Write decimal points: 0.5 in place of 0,5.`,
  empty: (name: string | undefined) => `${name ?? 'An array'} has no numbers.`,
  ragged: (name: string | undefined, row: number, expected: number, got: number) =>
    `The rows of ${name ?? 'an array'} differ in length: row ${row + 1} has ${got} numbers, row 1 has ${expected}.`,
  missing: (name: string) => `${name} is None: the gradient was not computed yet. Run the backward pass before printing.`,
  notFinite: (name: string, value: string) => `${name} contains ${value}. Find out where it arises first: it cannot be compared.`,
  nothingPlaced: (shapes: readonly (readonly [label: string, shape: string])[]) =>
    `None of the arrays belongs to this network: ${shapes.map(([label, shape]) => `${label} (${shape})`).join(', ')}. Write names such as dW1, db1, Z1, dZ1, loss before them, and check that the request is the network of your program.`,
  tooCoarse: (name: string) =>
    `${name} is printed with too few digits to compare. Print more: in MATLAB and Octave format long, in NumPy np.set_printoptions(precision=17), in R options(digits=15).`,
};
