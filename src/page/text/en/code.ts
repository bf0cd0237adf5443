// The request as code.

export const code = {
  tab: 'Code',
  title: 'As code',
  intro: 'The request as a program, to copy and run. The last one computes the same in PyTorch, without the service.',
  languages: 'Language',
  copy: 'Copy',
  save: 'Save',
  saveRequest: 'Save the request',
  large: (kilobytes: number, file: string) =>
    `The request is ${kilobytes} kB. Save it as ${file} in the folder where you run this.`,
};
