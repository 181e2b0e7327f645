/** The library has no types of its own; what is used of it is little. */
declare module "oidc-provider" {
  const Provider: new (issuer: string, configuration: object) => any;
  export default Provider;
}
