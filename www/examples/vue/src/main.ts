import { createApp } from "vue";
import { openSession } from "everlit";
import App from "./App.vue";
import { sessionKey } from "./session";
import "./style.css";

const session = await openSession();
createApp(App).provide(sessionKey, session).mount("#root");
