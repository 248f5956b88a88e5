"""The server: the app behind its door. ``streamlit run serve.py`` (`make run`)."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from pages.parts.door import Door

app = st.App("app.py", middleware=[Middleware(Door)])
