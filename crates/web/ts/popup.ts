/** Opens an empty window beside the page. It has to be in the very turn of the user's gesture; nothing if the browser does not let it. */
export const openPopup = () => open("", "", "width=480,height=640");
