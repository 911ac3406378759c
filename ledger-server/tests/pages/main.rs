//! What every page of the dashboard keeps, in every state.

mod colours;
mod figures;
mod file;
mod hostile;
mod links;
mod markup;
mod samples;
