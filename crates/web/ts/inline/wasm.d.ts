/** The build puts a Wasm module into the script that imports it, in base64. */
declare module "*.wasm" {
  const base64: string;
  export default base64;
}
