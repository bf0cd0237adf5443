// Checks with their answers, for the documentation. A test posts each request and compares the answer.
export const checkExamples = {};
