// The texts of "Train".

export const train = {
  tab: 'Train',
  csvEmpty: () => 'The file has no rows.',
  csvRagged: (row: number, expected: number, got: number) => `Row ${row} has ${got} cells, the first line has ${expected}.`,
  csvOneColumn: () => 'The file has one column. It needs at least one for the inputs and one for the target.',
  csvNotNumber: (row: number, column: string, cell: string) =>
    `Row ${row}, column ${column}: expected a number, got "${cell}". Inputs are numbers; a column of words can only be the target.`,
};
