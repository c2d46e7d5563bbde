// What the pages are called: their addresses, headings, fields and buttons.

export const REGISTER = { path: "/auth/pages/register", heading: "Create an account" };
export const SIGN_IN = { path: "/auth/pages/sign-in", heading: "Sign in" };
export const FORGOT = { path: "/auth/pages/forgot-password", heading: "Forgot your password?" };
export const FORGOTTEN = { path: FORGOT.path, heading: "Look into your mailbox" };
export const RESET = { path: "/auth/pages/reset-password", heading: "Set a new password" };
export const RESET_DONE = { path: RESET.path, heading: "Your new password is set" };
export const VERIFY = { path: "/auth/pages/verify-email", heading: "Verify your e-mail address" };
export const VERIFIED = { path: VERIFY.path, heading: "Your e-mail address is verified" };
export const SESSIONS = { path: "/auth/pages/sessions", heading: "Your sessions" };
export const CHANGE = { path: "/auth/pages/change-password", heading: "Change your password" };
export const WAYS = { path: "/auth/pages/identities", heading: "Ways to log in" };
/** In the place of the two pages that links in mails lead to. */
export const DEAD_LINK = { heading: "This link does not work", status: 400 };

export const EMAIL = "E-mail address";
export const NAME = "Name";
export const PASSWORD = "Password";
export const CURRENT_PASSWORD = "Current password";
export const NEW_PASSWORD = "New password";

export const CREATE_ACCOUNT = "Create account";
export const SIGN_IN_BUTTON = "Sign in";
export const SIGN_OUT = "Sign out";
export const SEND_LINK = "Send me a link";
export const SET_PASSWORD = "Set new password";
export const CHANGE_PASSWORD = "Change password";
export const VERIFY_ADDRESS = "Verify my e-mail address";
export const END_SESSION = /^End session/;
