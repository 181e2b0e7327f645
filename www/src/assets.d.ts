declare module "*.css";

/** The address under which the build put the file. */
declare module "*.wasm" {
  const address: string;
  export default address;
}
