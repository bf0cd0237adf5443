// The part of WebAssembly's API that kernel.ts uses. TypeScript declares it for browsers only.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: object;
  }
}
