/* Does nothing, in JavaScript. */

export default {
  fetch() {
    return new Response("ok");
  },
};
