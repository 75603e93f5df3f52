/** The part of the library that is used; its own types do not resolve under NodeNext. */
declare module 'geotiff-geokeys-to-proj4' {
  interface Definition {
    readonly proj4: string;
    readonly errors: Readonly<Record<string, unknown>>;
  }
  const library: { toProj4(keys: Readonly<Record<string, number>>): Definition };
  export default library;
}
