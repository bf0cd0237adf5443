// Files of other libraries that a browser cannot read, and the line of Python that turns each into JSON that it can.

interface Conversion {
  readonly library: string;
  readonly pattern: RegExp;
  /** How the file begins. */
  readonly magic: readonly string[];
  line(file: string): string;
}

const conversions: readonly Conversion[] = [
  {
    library: 'PyTorch',
    pattern: /\.(?:pt|pth|bin|ckpt)$/i,
    magic: ['PK', '\x80'],
    line: (file) =>
      `python -c "import json, torch; m = torch.load('${file}', map_location='cpu'); d = m if isinstance(m, dict) else m.state_dict(); print(json.dumps({k: v.tolist() for k, v in d.items()}))" > model.json`,
  },
  {
    library: 'Keras',
    pattern: /\.(?:h5|hdf5|keras)$/i,
    magic: ['\x89HDF'],
    line: (file) =>
      `python -c "import json, keras; m = keras.models.load_model('${file}'); print(json.dumps({getattr(w, 'path', w.name): w.numpy().tolist() for w in m.weights}))" > model.json`,
  },
];

/** The conversions that are shown to everybody. */
export const shownConversions = ['model.pt', 'model.h5', 'model.keras'].map((file) => conversionOf(file, '') as Converted);

export interface Converted {
  readonly file: string;
  readonly library: string;
  /** A line for a shell. */
  readonly line: string;
}

/** How to convert a file, by its name and its first characters; undefined if it may be read as it is. */
export function conversionOf(file: string, start: string): Converted | undefined {
  const found =
    conversions.find(({ pattern }) => pattern.test(file)) ??
    conversions.find(({ magic }) => magic.some((characters) => start.startsWith(characters)));
  // The quotes of the line must stay what they are.
  return found && { file, library: found.library, line: found.line(file.replace(/['"$`\\]/g, '_')) };
}
